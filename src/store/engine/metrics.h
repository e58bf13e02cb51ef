// What the engine counts, for GET /metrics. Any thread.
#pragma once

#include "base/metrics.h"

namespace weir::store {

inline metrics::Counter values_written_total{"weir_store_values_written_total",
                                             "Field values stored"};
inline metrics::Counter points_dropped_total{"weir_store_points_dropped_total",
                                             "Points dropped by partial writes"};
inline metrics::Counter series_refused_points_total{
    "weir_store_series_limit_points_total",
    "Points refused because their bucket has as many series as it may"};
inline metrics::Counter series_forgotten_total{"weir_store_series_forgotten_total",
                                               "Series forgotten for want of points"};
inline metrics::Counter log_written_bytes_total{"weir_store_log_written_bytes_total",
                                                "Bytes appended to the write-ahead log"};
inline metrics::Histogram log_sync_seconds{
    "weir_store_log_sync_seconds",
    "Time one sync of the write-ahead log takes",
    {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1}};
inline metrics::Gauge log_stalled{"weir_store_log_stalled",
                                  "1 while writes are refused because the log finds no room"};
inline metrics::Gauge log_failed{"weir_store_log_failed",
                                 "1 when the log stopped trusting its disk and writes are refused"};
inline metrics::Gauge maintenance_failed{
    "weir_store_maintenance_failed",
    "1 while chunks or catalog cannot be written; what was acknowledged is in the log"};
inline metrics::Gauge head_bytes{"weir_store_head_bytes", "Memory of rows not yet in chunks"};
inline metrics::Counter seals_total{"weir_store_seals_total", "Row groups encoded into chunks"};
inline metrics::Counter chunks_written_total{"weir_store_chunks_written_total", "Chunks written"};
inline metrics::Counter chunk_written_bytes_total{"weir_store_chunk_written_bytes_total",
                                                  "Bytes of chunks written"};
inline metrics::Counter chunks_joined_total{"weir_store_chunks_joined_total",
                                            "Chunks joined into longer ones"};
inline metrics::Counter chunks_failed_total{"weir_store_chunks_failed_total",
                                            "Chunks that could not be read"};
inline metrics::Counter chunks_read_total{"weir_store_chunks_read_total",
                                          "Chunks decoded, wholly or in part"};
inline metrics::Counter newest_from_memory_total{
    "weir_store_newest_from_memory_total",
    "Series whose newest values were asked for and needed no chunk"};

}  // namespace weir::store
