// Package experimental/geo: points, regions and lines given as records, by way of s2.h; and the
// functions over tables, which are written in Flux.
#include <charconv>
#include <variant>

#include "query/flux/stdlib/s2.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

constexpr std::string_view kGeo = "experimental/geo";
constexpr double kEarthRadiusKm = 6371.01;  // the mean of WGS 84
constexpr size_t kGridCellsMax = 100;       // of a grid whose level is to be found
constexpr size_t kCoverCellsMax = 65'536;   // of a grid of a given level

Error invalid(std::string message) { return {Errc::invalid, std::move(message)}; }

Result<double> number(const Record& record, std::string_view name, std::string_view what) {
  const Value* value = record.find(name);
  if (value == nullptr || !value->is(ValueType::floating))
    return invalid("invalid " + std::string(what) + " specification - must have " +
                   std::string(name) + " field of type float");
  return value->as_float();
}

Result<s2::LatLon> lat_lon(const Record& record, std::string_view what) {
  WEIR_TRY(double lat, number(record, "lat", what));
  WEIR_TRY(double lon, number(record, "lon", what));
  return s2::LatLon::of_degrees(lat, lon);
}

// The radius of the earth in the unit of distances.
Result<double> earth_radius(const Arguments& arguments) {
  WEIR_TRY(const Record* units, arguments.record("units"));
  const Value* unit = units->find("distance");
  if (unit == nullptr || units->size() != 1)
    return invalid("invalid units parameter: missing field: distance");
  std::string name = unit->is(ValueType::string) ? unit->as_string() : to_display(*unit);
  if (name == "m") return kEarthRadiusKm * 1000;
  if (name == "km") return kEarthRadiusKm;
  if (name == "mile") return kEarthRadiusKm / 1.609344;
  return invalid("invalid units parameter: unsupported distance unit '" + name + "'");
}

Result<s2::Region> read_box(const Record& record) {
  WEIR_TRY(double lat_min, number(record, "minLat", "box"));
  WEIR_TRY(double lon_min, number(record, "minLon", "box"));
  WEIR_TRY(double lat_max, number(record, "maxLat", "box"));
  WEIR_TRY(double lon_max, number(record, "maxLon", "box"));
  if (lat_min > lat_max) std::swap(lat_min, lat_max);
  if (lon_min > lon_max) std::swap(lon_min, lon_max);
  s2::LatLon low = s2::LatLon::of_degrees(lat_min, lon_min);
  s2::LatLon high = s2::LatLon::of_degrees(lat_max, lon_max);
  return s2::Region(s2::Box{low.lat, high.lat, low.lon, high.lon});
}

Result<s2::Region> read_polygon(const Value& points) {
  if (!points.is(ValueType::array)) return invalid("polygon points must be an array");
  if (points.as_array().size() < 3) return invalid("polygon must have at least 3 points");
  s2::Polygon polygon;
  for (const Value& point : points.as_array()) {
    if (!point.is(ValueType::record)) return invalid("polygon points must be records");
    WEIR_TRY(s2::LatLon at, lat_lon(point.as_record(), "polygon point"));
    polygon.corners.push_back(s2::to_point(at));
  }
  return s2::Region(std::move(polygon));
}

// "lon lat, lon lat, ...".
Result<s2::Line> read_line(const Value& value) {
  if (!value.is(ValueType::string)) return invalid("empty linestring");
  std::string_view rest = value.as_string();
  auto take_number = [](std::string_view& text, double& out) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.starts_with('+')) text.remove_prefix(1);
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    return parsed.ec == std::errc();
  };
  s2::Line line;
  while (true) {
    size_t comma = rest.find(',');
    std::string_view pair = rest.substr(0, comma);
    if (pair.find_first_not_of(' ') == std::string_view::npos)
      return invalid("invalid linestring - empty part");
    double lat = 0, lon = 0;
    if (!take_number(pair, lon) || !take_number(pair, lat))
      return invalid("invalid linestring - \"" + std::string(pair) + "\" is no pair of numbers");
    line.push_back(s2::LatLon::of_degrees(lat, lon));
    if (comma == std::string_view::npos) return line;
    rest.remove_prefix(comma + 1);
  }
}

using Geometry = std::variant<s2::LatLon, s2::Region, s2::Line>;

Result<Geometry> read_geometry(const Arguments& arguments, const char* name, double radius) {
  WEIR_TRY(const Record* record, arguments.record(name));
  auto has = [&](std::string_view member, size_t size) {
    return record->find(member) != nullptr && record->size() == size;
  };
  if (has("lat", 2)) {
    WEIR_TRY(s2::LatLon at, lat_lon(*record, "point"));
    return Geometry(at);
  }
  if (has("minLat", 4)) {
    WEIR_TRY(s2::Region box, read_box(*record));
    return Geometry(std::move(box));
  }
  if (has("radius", 3)) {
    WEIR_TRY(s2::LatLon center, lat_lon(*record, "circle"));
    WEIR_TRY(double size, number(*record, "radius", "circle"));
    return Geometry(s2::Region(s2::Circle{s2::to_point(center), size / radius}));
  }
  if (has("points", 1)) {
    WEIR_TRY(s2::Region polygon, read_polygon(*record->find("points")));
    return Geometry(std::move(polygon));
  }
  if (has("linestring", 1)) {
    WEIR_TRY(s2::Line line, read_line(*record->find("linestring")));
    return Geometry(std::move(line));
  }
  return invalid("unsupported geometry specified for '" + std::string(name) + "'");
}

Result<s2::Region> read_region(const Arguments& arguments, double radius) {
  WEIR_TRY(Geometry geometry, read_geometry(arguments, "region", radius));
  if (s2::Region* region = std::get_if<s2::Region>(&geometry)) return std::move(*region);
  return invalid("unsupported region type: wanted a box, a circle or a polygon");
}

Result<Value> st_contains(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double radius, earth_radius(arguments));
  WEIR_TRY(s2::Region region, read_region(arguments, radius));
  WEIR_TRY(Geometry geometry, read_geometry(arguments, "geometry", radius));
  if (const auto* at = std::get_if<s2::LatLon>(&geometry))
    return Value::of_bool(s2::contains(region, s2::to_point(*at)));
  const auto* line = std::get_if<s2::Line>(&geometry);
  if (line == nullptr) return invalid("unsupported geometry type: wanted a point or a linestring");
  for (const s2::LatLon& at : *line)
    if (!s2::contains(region, s2::to_point(at))) return Value::of_bool(false);
  return Value::of_bool(true);
}

Result<Value> st_distance(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double radius, earth_radius(arguments));
  WEIR_TRY(Geometry from, read_geometry(arguments, "region", radius));
  WEIR_TRY(Geometry to, read_geometry(arguments, "geometry", radius));
  const auto* point = std::get_if<s2::LatLon>(&from);
  const auto* region = std::get_if<s2::Region>(&from);
  if (point == nullptr && region == nullptr)
    return invalid("unsupported region type: wanted a point, a box, a circle or a polygon");
  double angle = 0;
  if (const auto* at = std::get_if<s2::LatLon>(&to)) {
    angle = point != nullptr ? s2::distance(s2::to_point(*point), s2::to_point(*at))
                             : s2::distance(*region, s2::to_point(*at));
  } else if (const auto* line = std::get_if<s2::Line>(&to)) {
    angle =
        point != nullptr ? s2::distance(*line, s2::to_point(*point)) : s2::distance(*region, *line);
  } else {
    return invalid("unsupported geometry type: wanted a point or a linestring");
  }
  return Value::of_float(angle * radius);
}

Result<Value> st_length(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double radius, earth_radius(arguments));
  WEIR_TRY(Geometry geometry, read_geometry(arguments, "geometry", radius));
  if (std::holds_alternative<s2::LatLon>(geometry)) return Value::of_float(0);
  const auto* line = std::get_if<s2::Line>(&geometry);
  if (line == nullptr) return invalid("unsupported geometry type: wanted a point or a linestring");
  return Value::of_float(s2::length(*line) * radius);
}

struct Grid {
  int64_t level = -1;
  std::vector<s2::CellId> cells;
};

// The first level that has enough cells, and not too many.
Grid find_grid(const s2::Region& region, int64_t level_max, int64_t size_min, int64_t size_max) {
  bool bounded = level_max > 0;
  int last = bounded ? static_cast<int>(level_max) : s2::kLevelMax;
  size_t least = size_min > 0 ? static_cast<size_t>(size_min) : 0;
  size_t most = size_max > 0 ? static_cast<size_t>(size_max) : kGridCellsMax;
  Grid found;
  for (int level = 1; level <= last; ++level) {
    std::vector<s2::CellId> cells = s2::covering(region, level, std::max(most, kGridCellsMax));
    if (cells.size() > most) break;
    found = {level, std::move(cells)};
    if (least > 0 && found.cells.size() >= least) break;
  }
  if (found.cells.size() < least && !bounded) return {};
  return found;
}

Result<Value> get_grid(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double radius, earth_radius(arguments));
  WEIR_TRY(s2::Region region, read_region(arguments, radius));
  WEIR_TRY(int64_t level, arguments.integer_or("level", -1));
  WEIR_TRY(int64_t level_max, arguments.integer_or("maxLevel", -1));
  WEIR_TRY(int64_t size_min, arguments.integer_or("minSize", -1));
  WEIR_TRY(int64_t size_max, arguments.integer_or("maxSize", -1));
  if (std::max(level, level_max) > s2::kLevelMax)
    return invalid("invalid maxLevel (" + std::to_string(std::max(level, level_max)) +
                   ", must be < " + std::to_string(s2::kLevelMax) + ")");
  if (size_min > 0 && size_max > 0 && size_min > size_max)
    return invalid("minSize > maxSize (" + std::to_string(size_min) + " > " +
                   std::to_string(size_max) + ")");
  if (level < 0 && size_min <= 0 && size_max <= 0)
    return invalid("either minSize or maxSize must be specified");
  Grid grid;
  if (level >= 0) {
    grid = {level, s2::covering(region, static_cast<int>(level), kCoverCellsMax)};
    if (grid.cells.size() > kCoverCellsMax)
      return invalid("region has too many cells of level " + std::to_string(level) +
                     ": wanted at most " + std::to_string(kCoverCellsMax));
  } else {
    grid = find_grid(region, level_max, size_min, size_max);
  }
  Array set;
  for (s2::CellId cell : grid.cells) set.push_back(Value::of_string(s2::token_of(cell)));
  Record out;
  out.set("level", Value::of_int(set.empty() ? -1 : grid.level));
  out.set("set", Value::of_array(std::move(set)));
  return Value::of_record(std::move(out));
}

Result<s2::CellId> cell_argument(const Arguments& arguments) {
  WEIR_TRY(std::string token, arguments.string("token"));
  std::optional<s2::CellId> cell = s2::cell_from_token(token);
  if (!cell) return invalid("invalid token specified");
  return *cell;
}

Result<Value> get_level(CallContext&, const Arguments& arguments) {
  WEIR_TRY(s2::CellId cell, cell_argument(arguments));
  return Value::of_int(s2::level_of(cell));
}

Result<Value> cell_token(CallContext&, const Arguments& arguments) {
  bool has_token = arguments.has("token") && !arguments.raw("token").as_string().empty();
  bool has_point = arguments.has("point") && arguments.raw("point").as_record().size() > 0;
  if (!arguments.has("token") && !arguments.has("point"))
    return invalid("either token or point parameter must be specified");
  if (has_token == has_point)
    return invalid("either token or point parameter must be specified and must not be empty");
  WEIR_TRY(int64_t level, arguments.integer("level"));
  if (level < 1 || level > s2::kLevelMax) return invalid("level value must be [1, 30]");
  s2::CellId cell = 0;
  if (has_token) {
    std::optional<s2::CellId> known = s2::cell_from_token(arguments.raw("token").as_string());
    if (!known || level > s2::level_of(*known))
      return invalid("invalid token specified or requested level greater then current level");
    cell = *known;
  } else {
    WEIR_TRY(s2::LatLon at, lat_lon(arguments.raw("point").as_record(), "point"));
    cell = s2::cell_at(at);
  }
  return Value::of_string(s2::token_of(s2::parent_of(cell, static_cast<int>(level))));
}

Result<Value> cell_center(CallContext&, const Arguments& arguments) {
  WEIR_TRY(s2::CellId cell, cell_argument(arguments));
  s2::LatLon at = s2::center_of(cell);
  constexpr double kDegrees = 180 / 3.14159265358979323846;
  Record out;
  out.set("lat", Value::of_float(at.lat * kDegrees));
  out.set("lon", Value::of_float(at.lon * kDegrees));
  return Value::of_record(std::move(out));
}

constexpr std::string_view kScript = R"(
import "experimental"
import "influxdata/influxdb/v1"

option units = {distance: "km"}

ST_Contains = (region, geometry, units=units) =>
    stContains(region: region, geometry: geometry, units: units)
ST_Distance = (region, geometry, units=units) =>
    stDistance(region: region, geometry: geometry, units: units)
ST_DWithin = (region, geometry, distance, units=units) =>
    stDistance(region: region, geometry: geometry, units: units) <= distance
ST_Intersects = (region, geometry, units=units) =>
    stDistance(region: region, geometry: geometry, units: units) <= 0.0
ST_Length = (geometry, units=units) => stLength(geometry: geometry, units: units)
ST_LineString = (tables=<-) =>
    tables
        |> reduce(
            fn: (r, accumulator) => ({
                st_linestring:
                    accumulator.st_linestring + (if accumulator.points > 0 then ", " else "")
                        + string(v: r.lon) + " " + string(v: r.lat),
                points: accumulator.points + 1,
            }),
            identity: {st_linestring: "", points: 0},
        )
        |> drop(columns: ["points"])

totalDistance = (tables=<-, outputColumn="distance") =>
    tables
        |> reduce(
            identity: {index: 0, lat: 0.0, lon: 0.0, totalDistance: 0.0},
            fn: (r, accumulator) => ({
                index: accumulator.index + 1,
                lat: r.lat,
                lon: r.lon,
                totalDistance: if accumulator.index == 0
                    then 0.0
                    else accumulator.totalDistance
                        + ST_Distance(
                            region: {lat: accumulator.lat, lon: accumulator.lon},
                            geometry: {lat: r.lat, lon: r.lon},
                        ),
            }),
        )
        |> drop(columns: ["index", "lat", "lon"])
        |> rename(columns: {totalDistance: outputColumn})

// The level of the tokens in the first table that has them in its key.
_level = (tables=<-) => {
    first = tables |> findRecord(fn: (key) => exists key.s2_cell_id, idx: 0)

    return if exists first.s2_cell_id then getLevel(token: first.s2_cell_id) else 666
}

toRows = (tables=<-) => tables |> v1.fieldsAsCols()
shapeData = (tables=<-, latField, lonField, level) =>
    tables
        |> map(
            fn: (r) => ({r with
                _field:
                    if r._field == latField then "lat"
                    else if r._field == lonField then "lon"
                    else r._field,
            }),
        )
        |> toRows()
        |> map(
            fn: (r) => ({r with
                s2_cell_id: s2CellIDToken(point: {lat: r.lat, lon: r.lon}, level: level),
            }),
        )
        |> experimental.group(columns: ["s2_cell_id"], mode: "extend")

gridFilter = (
    tables=<-,
    region,
    minSize=24,
    maxSize=-1,
    level=-1,
    s2cellIDLevel=-1,
    units=units,
) => {
    stored = if s2cellIDLevel == -1 then tables |> _level() else s2cellIDLevel
    grid = getGrid(
        region: region,
        minSize: minSize,
        maxSize: maxSize,
        level: level,
        maxLevel: stored,
        units: units,
    )

    return tables
        |> filter(
            fn: (r) =>
                if grid.level == stored then
                    contains(value: r.s2_cell_id, set: grid.set)
                else
                    contains(
                        value: s2CellIDToken(token: r.s2_cell_id, level: grid.level),
                        set: grid.set,
                    ),
        )
}
strictFilter = (tables=<-, region) =>
    tables
        |> filter(
            fn: (r) => ST_Contains(region: region, geometry: {lat: r.lat, lon: r.lon}),
        )
filterRows = (
    tables=<-,
    region,
    minSize=24,
    maxSize=-1,
    level=-1,
    s2cellIDLevel=-1,
    strict=true,
) => {
    labels = tables |> columns() |> findColumn(fn: (key) => true, column: "_value")
    coarse = tables
        |> gridFilter(
            region: region,
            minSize: minSize,
            maxSize: maxSize,
            level: level,
            s2cellIDLevel: s2cellIDLevel,
        )
    rows = if contains(value: "lat", set: labels) then coarse else coarse |> toRows()

    return if strict then rows |> strictFilter(region: region) else rows
}

groupByArea = (tables=<-, newColumn, level, s2cellIDLevel=-1) => {
    stored = if s2cellIDLevel == -1 then tables |> _level() else s2cellIDLevel
    prepared = if level == stored
        then tables |> duplicate(column: "s2_cell_id", as: newColumn)
        else tables
            |> map(
                fn: (r) => ({r with
                    _s2_cell_id_xxx:
                        s2CellIDToken(point: {lat: r.lat, lon: r.lon}, level: level),
                }),
            )
            |> rename(columns: {_s2_cell_id_xxx: newColumn})

    return prepared |> group(columns: [newColumn])
}
asTracks = (tables=<-, groupBy=["id", "tid"], orderBy=["_time"]) =>
    tables |> group(columns: groupBy) |> sort(columns: orderBy)
)";

}  // namespace

void add_geo(Registry& registry) {
  registry.add_function(kGeo, "stContains", "(region: record, geometry: record, units: record)",
                        st_contains);
  registry.add_function(kGeo, "stDistance", "(region: record, geometry: record, units: record)",
                        st_distance);
  registry.add_function(kGeo, "stLength", "(geometry: record, units: record)", st_length);
  registry.add_function(kGeo, "getGrid",
                        "(region: record, ?minSize: int, ?maxSize: int, ?level: int, "
                        "?maxLevel: int, units: record)",
                        get_grid);
  registry.add_function(kGeo, "getLevel", "(token: string)", get_level);
  registry.add_function(kGeo, "s2CellIDToken", "(?token: string, ?point: record, level: int)",
                        cell_token);
  registry.add_function(kGeo, "s2CellLatLon", "(token: string)", cell_center);
  registry.add_script(kGeo, kScript);
}

}  // namespace weir::query::flux
