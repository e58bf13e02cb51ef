// S2: places on the sphere as cells, what of it package geo needs.
//
// A cell is a square of one of the six faces of a cube around the sphere, divided `level` times in
// four; its id numbers the cells of a face along a Hilbert curve, its token is the id in
// hexadecimal without trailing zeros. Regions are boxes of latitude and longitude, circles, and
// polygons of geodesic edges smaller than a hemisphere. Angles are radians. Any thread.
// Spec: s2geometry.io, "S2 Cells"; the projection is the quadratic one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::query::flux::s2 {

inline constexpr int kLevelMax = 30;

struct LatLon {
  double lat = 0, lon = 0;  // radians
  static LatLon of_degrees(double lat, double lon);
};
struct Point {  // of length 1
  double x = 0, y = 0, z = 0;
};
Point to_point(const LatLon& at);
LatLon to_lat_lon(const Point& point);

using CellId = uint64_t;
CellId cell_at(const LatLon& at);  // of level 30
// Nothing for text that is no token of a cell.
std::optional<CellId> cell_from_token(std::string_view token);
std::string token_of(CellId cell);
int level_of(CellId cell);
CellId parent_of(CellId cell, int level);  // level <= level_of(cell)
LatLon center_of(CellId cell);

struct Box {
  double lat_min, lat_max, lon_min, lon_max;
};
struct Circle {
  Point center;
  double radius;
};
struct Polygon {
  std::vector<Point> corners;
};
using Region = std::variant<Box, Circle, Polygon>;
using Line = std::vector<LatLon>;

bool contains(const Region& region, const Point& point);
// The cells of a level that touch the region, in the order of their ids; at most `most` + 1.
std::vector<CellId> covering(const Region& region, int level, size_t most);

// Of great circles.
double distance(const Point& a, const Point& b);
double distance(const Region& region, const Point& point);  // 0 inside
double distance(const Line& line, const Point& point);
double distance(const Region& region, const Line& line);
double length(const Line& line);

}  // namespace weir::query::flux::s2
