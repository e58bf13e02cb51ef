// MQTT.js and the official InfluxDB client against a running weir: WEIR_URL, WEIR_MQTT_URL,
// WEIR_MORE_MQTT_URLS (mqtts, ws, wss), INFLUXDB_TOKEN, INFLUXDB_ORG and INFLUXDB_BUCKET say where. Run by javascript_clients_test.py.
import assert from 'node:assert/strict'
import test from 'node:test'

import {InfluxDB, Point} from '@influxdata/influxdb-client'
import mqtt from 'mqtt'

const {WEIR_URL, WEIR_MQTT_URL, WEIR_MORE_MQTT_URLS, INFLUXDB_TOKEN, INFLUXDB_ORG, INFLUXDB_BUCKET} = process.env
const influx = new InfluxDB({url: WEIR_URL, token: INFLUXDB_TOKEN})

test('the InfluxDB client writes in gzipped batches and reads the rows back', async () => {
  const writer = influx.getWriteApi(INFLUXDB_ORG, INFLUXDB_BUCKET, 'ms', {
    batchSize: 500, gzipThreshold: 1, maxRetries: 0})
  const begin = Date.now() - 60_000
  for (let i = 0; i < 2000; i++) {
    writer.writePoint(new Point('batch').tag('host', `server ${i % 4}`).floatField('load', i / 8)
      .intField('number', i).booleanField('even', i % 2 === 0).stringField('text', `n="${i}", ok`)
      .timestamp(begin + i))
  }
  await writer.close()

  const reader = influx.getQueryApi(INFLUXDB_ORG)
  // The client's close() does not wait for the batches that it sent by itself.
  let rows = []
  const deadline = Date.now() + 60_000
  while (rows.length < 8000 && Date.now() < deadline) {
    rows = await reader.collectRows(
      `from(bucket: "${INFLUXDB_BUCKET}") |> range(start: -1h)
         |> filter(fn: (r) => r._measurement == "batch")`)
  }
  assert.equal(rows.length, 8000)
  const texts = rows.filter((row) => row._field === 'text')
  assert.equal(texts.length, 2000)
  assert.ok(texts.some((row) => row._value === 'n="1999", ok' && row.host === 'server 3'))
  const numbers = rows.filter((row) => row._field === 'number').map((row) => row._value)
  assert.equal(numbers.reduce((sum, value) => sum + value, 0), 1999 * 1000)
  assert.equal(rows.find((row) => row._field === 'even')._value, true)
})

test('the InfluxDB client sees why a write or a query is refused', async () => {
  const writer = influx.getWriteApi(INFLUXDB_ORG, INFLUXDB_BUCKET, 'ns', {
    maxRetries: 0, writeFailed: () => Promise.resolve()})
  writer.writeRecord('no fields here')
  await writer.close().catch(() => {})
  const nowhere = influx.getWriteApi(INFLUXDB_ORG, 'nowhere', 'ns', {maxRetries: 0})
  nowhere.writeRecord('m f=1')
  await assert.rejects(nowhere.close(), {statusCode: 404})
  const reader = influx.getQueryApi(INFLUXDB_ORG)
  await assert.rejects(reader.collectRows('from(bucket: "b") |> nonsense()'),
    (error) => error.statusCode === 400 && /undefined identifier nonsense/.test(error.message))
})

for (const protocolVersion of [4, 5]) {
  test(`MQTT.js publishes and subscribes, protocol version ${protocolVersion}`, async () => {
    // Ten topics and five aliases: some come by alias, some by name. MQTT.js 5.16 forgets the topic
    // of a QoS 2 message that comes by alias, so these are not mixed.
    const properties = protocolVersion === 5 ? {topicAliasMaximum: 5} : undefined
    const qos = protocolVersion === 5 ? 1 : 2
    const subscriber = await mqtt.connectAsync(WEIR_MQTT_URL, {protocolVersion, properties})
    const publisher = await mqtt.connectAsync(WEIR_MQTT_URL, {protocolVersion})
    const wanted = 200
    const received = []
    const all = new Promise((resolve) => {
      subscriber.on('message', (topic, payload) => {
        received.push(`${topic} ${payload}`)
        if (received.length === wanted) resolve()
      })
    })
    await subscriber.subscribeAsync(`js${protocolVersion}/+/value`, {qos})
    const sent = []
    for (let i = 0; i < wanted; i++) {
      sent.push(`js${protocolVersion}/${i % 10}/value ${i}`)
      await publisher.publishAsync(`js${protocolVersion}/${i % 10}/value`, String(i), {qos: i % 3})
    }
    await all
    assert.deepEqual(received.sort(), sent.sort())
    await publisher.endAsync()
    await subscriber.endAsync()
  })
}

test('MQTT.js passes MQTT 5 properties through', async () => {
  const client = await mqtt.connectAsync(WEIR_MQTT_URL, {protocolVersion: 5})
  const arrived = new Promise((resolve) => client.on('message', (...all) => resolve(all[2])))
  await client.subscribeAsync('js/properties', {qos: 1})
  await client.publishAsync('js/properties', 'x', {qos: 1, properties: {
    contentType: 'text/plain', responseTopic: 'answer/here', userProperties: {unit: 'C'},
    correlationData: Buffer.from([1, 2, 3])}})
  const packet = await arrived
  assert.equal(packet.properties.contentType, 'text/plain')
  assert.equal(packet.properties.responseTopic, 'answer/here')
  assert.equal(packet.properties.userProperties.unit, 'C')
  assert.deepEqual([...packet.properties.correlationData], [1, 2, 3])
  await client.endAsync()
})

for (const url of WEIR_MORE_MQTT_URLS.split(' ')) {
  for (const options of [{protocolVersion: 5}, {protocolVersion: 4},
    {protocolVersion: 3, protocolId: 'MQIsdp'}]) {
    test(`MQTT.js talks over ${url}, protocol version ${options.protocolVersion}`, async () => {
      const client = await mqtt.connectAsync(url, {...options, reconnectPeriod: 0})
      const topic = `js/${options.protocolVersion}/${url.replace(/[^a-z0-9]/g, '_')}`
      const large = Buffer.alloc(700_000, 'x')
      const arrived = new Promise((resolve) => {
        const lengths = []
        client.on('message', (_, payload) => {
          lengths.push(payload.length)
          if (lengths.length === 3) resolve(lengths)
        })
      })
      await client.subscribeAsync(topic, {qos: 1})
      for (const payload of ['small', large, '']) await client.publishAsync(topic, payload, {qos: 1})
      assert.deepEqual(await arrived, [5, large.length, 0])
      await client.endAsync()
    })
  }
}
