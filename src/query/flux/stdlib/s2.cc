#include "query/flux/stdlib/s2.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace weir::query::flux::s2 {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr uint32_t kSizeMax = uint32_t{1} << kLevelMax;  // leaf cells along a face's edge

// Where the four children of a cell lie (i << 1 | j), in the order of the curve, by the curve's
// orientation; and what each does to it. Bit 0: axes swapped, bit 1: both turned round.
constexpr std::array<std::array<int, 4>, 4> kPlaceOf = {
    {{0, 1, 3, 2}, {0, 2, 3, 1}, {3, 2, 0, 1}, {3, 1, 0, 2}}};
constexpr std::array<int, 4> kTurnOf = {1, 0, 0, 3};

Point operator+(const Point& a, const Point& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Point operator*(const Point& a, double f) { return {a.x * f, a.y * f, a.z * f}; }
double dot(const Point& a, const Point& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Point cross(const Point& a, const Point& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
double norm(const Point& a) { return std::sqrt(dot(a, a)); }
Point normalized(const Point& a) {
  double size = norm(a);
  return size == 0 ? a : a * (1 / size);
}

double st_to_uv(double s) {
  return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}
double uv_to_st(double u) {
  return u >= 0 ? 0.5 * std::sqrt(1 + 3 * u) : 1 - 0.5 * std::sqrt(1 - 3 * u);
}

struct FaceUv {
  int face;
  double u, v;
};

FaceUv project_to(int face, const Point& p) {
  switch (face) {
    case 0:
      return {face, p.y / p.x, p.z / p.x};
    case 1:
      return {face, -p.x / p.y, p.z / p.y};
    case 2:
      return {face, -p.x / p.z, -p.y / p.z};
    case 3:
      return {face, p.z / p.x, p.y / p.x};
    case 4:
      return {face, p.z / p.y, -p.x / p.y};
    default:
      return {face, -p.y / p.z, -p.x / p.z};
  }
}

double along_face(int face, const Point& p) {
  double axis = face % 3 == 0 ? p.x : face % 3 == 1 ? p.y : p.z;
  return face < 3 ? axis : -axis;
}

FaceUv project(const Point& p) {
  double x = std::fabs(p.x), y = std::fabs(p.y), z = std::fabs(p.z);
  int axis = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);
  double value = axis == 0 ? p.x : axis == 1 ? p.y : p.z;
  return project_to(value < 0 ? axis + 3 : axis, p);
}

Point unproject(int face, double u, double v) {
  switch (face) {
    case 0:
      return {1, u, v};
    case 1:
      return {-u, 1, v};
    case 2:
      return {-u, -v, 1};
    case 3:
      return {-1, -v, -u};
    case 4:
      return {v, -1, -u};
    default:
      return {v, u, -1};
  }
}

uint32_t st_to_ij(double s) {
  double at = std::floor(s * kSizeMax);
  return static_cast<uint32_t>(std::clamp(at, 0.0, static_cast<double>(kSizeMax - 1)));
}

uint64_t lowest_bit(CellId cell) { return cell & (~cell + 1); }

struct FaceIj {
  int face;
  uint32_t i = 0, j = 0;
};

FaceIj decode(CellId cell) {
  FaceIj out{static_cast<int>(cell >> 61)};
  int orientation = out.face & 1;
  for (int k = kLevelMax - 1; k >= 0; --k) {
    auto position = static_cast<size_t>(cell >> (2 * k + 1) & 3);
    int place = kPlaceOf[static_cast<size_t>(orientation)][position];
    out.i |= static_cast<uint32_t>(place >> 1) << k;
    out.j |= static_cast<uint32_t>(place & 1) << k;
    orientation ^= kTurnOf[position];
  }
  return out;
}

// A cell as the square of its face that it is, and the four corners, counter-clockwise.
struct Square {
  int face;
  double u_min, u_max, v_min, v_max;
  std::array<Point, 4> corners;

  explicit Square(CellId cell) {
    FaceIj at = decode(cell);
    face = at.face;
    uint32_t size = kSizeMax >> level_of(cell);
    uint32_t i = at.i & ~(size - 1), j = at.j & ~(size - 1);
    auto uv = [](uint32_t ij) { return st_to_uv(static_cast<double>(ij) / kSizeMax); };
    u_min = uv(i), u_max = uv(i + size), v_min = uv(j), v_max = uv(j + size);
    corners = {normalized(unproject(face, u_min, v_min)), normalized(unproject(face, u_max, v_min)),
               normalized(unproject(face, u_max, v_max)),
               normalized(unproject(face, u_min, v_max))};
  }
  bool contains(const Point& p) const {
    if (along_face(face, p) <= 0) return false;
    constexpr double kSlack = 1e-15;
    FaceUv at = project_to(face, p);
    return at.u >= u_min - kSlack && at.u <= u_max + kSlack && at.v >= v_min - kSlack &&
           at.v <= v_max + kSlack;
  }
};

// Whether the arcs ab and cd cross within both.
bool arcs_cross(const Point& a, const Point& b, const Point& c, const Point& d) {
  Point ab = cross(a, b), cd = cross(c, d);
  double acb = -dot(ab, c), bda = dot(ab, d);
  if (acb * bda <= 0) return false;
  double cbd = -dot(cd, b), dac = dot(cd, a);
  return acb * cbd > 0 && acb * dac > 0;
}

double distance_to_arc(const Point& p, const Point& a, const Point& b) {
  Point normal = cross(a, b);
  double size = norm(normal);
  if (size > 0) {
    Point m = cross(normal, p);
    // p projects into the arc if it is on the inner side of both its ends.
    if (dot(cross(normal, a), p) >= 0 && dot(cross(normal, b), p) <= 0 && norm(m) > 0)
      return std::asin(std::min(1.0, std::fabs(dot(p, normal)) / size));
  }
  return std::min(distance(p, a), distance(p, b));
}

double distance_of_arcs(const Point& a, const Point& b, const Point& c, const Point& d) {
  if (arcs_cross(a, b, c, d)) return 0;
  return std::min({distance_to_arc(a, c, d), distance_to_arc(b, c, d), distance_to_arc(c, a, b),
                   distance_to_arc(d, a, b)});
}

// ---- Longitudes, which go round ------------------------------------------------------------

struct LonRange {
  double from, to;  // from > to: over the date line
  bool contains(double lon) const {
    return from <= to ? lon >= from && lon <= to : lon >= from || lon <= to;
  }
  bool meets(const LonRange& other) const {
    return contains(other.from) || contains(other.to) || other.contains(from);
  }
};

// The shorter way between two longitudes.
LonRange between(double a, double b) {
  double ahead = b - a;
  if (ahead < 0) ahead += 2 * kPi;
  return ahead <= kPi ? LonRange{a, b} : LonRange{b, a};
}

// ---- Regions -------------------------------------------------------------------------------

bool holds(const Box& box, const LatLon& at) {
  return at.lat >= box.lat_min && at.lat <= box.lat_max && at.lon >= box.lon_min &&
         at.lon <= box.lon_max;
}

// Whether the arc ab crosses a line of latitude within a range of longitudes.
bool crosses_latitude(const Point& a, const Point& b, double lat, const LonRange& lon) {
  Point z = normalized(cross(a, b));
  if (z.z < 0) z = z * -1;
  // x is where the arc's great circle is furthest north, y a quarter turn from it.
  Point y = normalized(cross(z, Point{0, 0, 1}));
  Point x = cross(y, z);
  double sine = std::sin(lat);
  if (std::fabs(sine) >= x.z) return false;
  double cosine_theta = sine / x.z;
  double sine_theta = std::sqrt(1 - cosine_theta * cosine_theta);
  double theta = std::atan2(sine_theta, cosine_theta);
  LonRange arc = between(std::atan2(dot(a, y), dot(a, x)), std::atan2(dot(b, y), dot(b, x)));
  for (double sign : {1.0, -1.0}) {
    if (!arc.contains(sign * theta)) continue;
    Point at = x * cosine_theta + y * (sign * sine_theta);
    if (lon.contains(std::atan2(at.y, at.x))) return true;
  }
  return false;
}

bool touches(const Box& box, const Square& square, CellId cell) {
  if (holds(box, center_of(cell))) return true;
  LatLon middle{(box.lat_min + box.lat_max) / 2, (box.lon_min + box.lon_max) / 2};
  if (square.contains(to_point(middle))) return true;
  const LatLon corners[] = {{box.lat_min, box.lon_min},
                            {box.lat_min, box.lon_max},
                            {box.lat_max, box.lon_max},
                            {box.lat_max, box.lon_min}};
  std::array<LatLon, 4> places;
  for (size_t k = 0; k < 4; ++k) {
    places[k] = to_lat_lon(square.corners[k]);
    if (holds(box, places[k]) || square.contains(to_point(corners[k]))) return true;
  }
  LonRange lon{box.lon_min, box.lon_max};
  for (size_t k = 0; k < 4; ++k) {
    const Point &a = square.corners[k], &b = square.corners[(k + 1) % 4];
    LonRange edge = between(places[k].lon, places[(k + 1) % 4].lon);
    if (!lon.meets(edge)) continue;
    for (double side : {box.lon_min, box.lon_max})
      if (edge.contains(side) &&
          arcs_cross(a, b, to_point({box.lat_min, side}), to_point({box.lat_max, side})))
        return true;
    if (crosses_latitude(a, b, box.lat_min, lon) || crosses_latitude(a, b, box.lat_max, lon))
      return true;
  }
  return false;
}

bool touches(const Circle& circle, const Square& square, CellId) {
  for (const Point& corner : square.corners)
    if (distance(circle.center, corner) <= circle.radius) return true;
  if (square.contains(circle.center)) return true;
  for (size_t k = 0; k < 4; ++k)
    if (distance_to_arc(circle.center, square.corners[k], square.corners[(k + 1) % 4]) <=
        circle.radius)
      return true;
  return false;
}

Point middle_of(const Polygon& polygon) {
  Point sum;
  for (const Point& corner : polygon.corners) sum = sum + corner;
  return normalized(sum);
}

// Seen from the polygon's middle great circles are straight, so this is the plane's even-odd rule.
bool holds(const Polygon& polygon, const Point& p) {
  Point middle = middle_of(polygon);
  Point east = normalized(std::fabs(middle.z) < 0.9 ? cross(Point{0, 0, 1}, middle)
                                                    : cross(Point{1, 0, 0}, middle));
  Point north = cross(middle, east);
  double depth = dot(p, middle);
  if (depth <= 0) return false;
  double px = dot(p, east) / depth, py = dot(p, north) / depth;
  bool inside = false;
  size_t count = polygon.corners.size();
  auto flat = [&](size_t i, double& x, double& y) {
    double d = dot(polygon.corners[i], middle);
    x = dot(polygon.corners[i], east) / d, y = dot(polygon.corners[i], north) / d;
  };
  for (size_t i = 0, j = count - 1; i < count; j = i++) {
    double ax, ay, bx, by;
    flat(i, ax, ay), flat(j, bx, by);
    if ((ay > py) != (by > py) && px < (bx - ax) * (py - ay) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

bool touches(const Polygon& polygon, const Square& square, CellId) {
  for (const Point& corner : square.corners)
    if (holds(polygon, corner)) return true;
  size_t count = polygon.corners.size();
  for (size_t i = 0; i < count; ++i) {
    const Point &a = polygon.corners[i], &b = polygon.corners[(i + 1) % count];
    if (square.contains(a)) return true;
    for (size_t k = 0; k < 4; ++k)
      if (arcs_cross(a, b, square.corners[k], square.corners[(k + 1) % 4])) return true;
  }
  return false;
}

void cover(const Region& region, CellId cell, int level, size_t most, std::vector<CellId>& out) {
  if (out.size() > most) return;
  Square square(cell);
  bool touching =
      std::visit([&](const auto& shape) { return touches(shape, square, cell); }, region);
  if (!touching) return;
  if (level_of(cell) == level) {
    out.push_back(cell);
    return;
  }
  uint64_t child = lowest_bit(cell) >> 2;
  CellId first = cell - lowest_bit(cell) + child;
  for (uint64_t k = 0; k < 4; ++k) cover(region, first + 2 * k * child, level, most, out);
}

double distance_to_box(const Box& box, const LatLon& at) {
  if (at.lon >= box.lon_min && at.lon <= box.lon_max)
    return std::max({0.0, at.lat - box.lat_max, box.lat_min - at.lat});
  Point p = to_point(at);
  auto to_side = [&](double lon) {
    return distance_to_arc(p, to_point({box.lat_min, lon}), to_point({box.lat_max, lon}));
  };
  return std::min(to_side(box.lon_min), to_side(box.lon_max));
}

Polygon as_polygon(const Box& box) {
  return {{to_point({box.lat_min, box.lon_min}), to_point({box.lat_min, box.lon_max}),
           to_point({box.lat_max, box.lon_max}), to_point({box.lat_max, box.lon_min})}};
}

double distance_to_polygon(const Polygon& polygon, const Point& p) {
  if (holds(polygon, p)) return 0;
  double nearest = kPi;
  size_t count = polygon.corners.size();
  for (size_t i = 0; i < count; ++i)
    nearest =
        std::min(nearest, distance_to_arc(p, polygon.corners[i], polygon.corners[(i + 1) % count]));
  return nearest;
}

double distance_to_polygon(const Polygon& polygon, const Line& line) {
  double nearest = kPi;
  for (const LatLon& at : line)
    nearest = std::min(nearest, distance_to_polygon(polygon, to_point(at)));
  size_t count = polygon.corners.size();
  for (size_t k = 0; k + 1 < line.size() && nearest > 0; ++k) {
    Point a = to_point(line[k]), b = to_point(line[k + 1]);
    for (size_t i = 0; i < count; ++i)
      nearest = std::min(
          nearest, distance_of_arcs(a, b, polygon.corners[i], polygon.corners[(i + 1) % count]));
  }
  return nearest;
}

}  // namespace

LatLon LatLon::of_degrees(double lat, double lon) { return {lat * kPi / 180, lon * kPi / 180}; }

Point to_point(const LatLon& at) {
  double flat = std::cos(at.lat);
  return {std::cos(at.lon) * flat, std::sin(at.lon) * flat, std::sin(at.lat)};
}

LatLon to_lat_lon(const Point& p) {
  return {std::atan2(p.z, std::sqrt(p.x * p.x + p.y * p.y)), std::atan2(p.y, p.x)};
}

CellId cell_at(const LatLon& at) {
  FaceUv projected = project(to_point(at));
  uint32_t i = st_to_ij(uv_to_st(projected.u)), j = st_to_ij(uv_to_st(projected.v));
  uint64_t curve = 0;
  int orientation = projected.face & 1;
  for (int k = kLevelMax - 1; k >= 0; --k) {
    int place = static_cast<int>((i >> k & 1) << 1 | (j >> k & 1));
    const auto& places = kPlaceOf[static_cast<size_t>(orientation)];
    auto position =
        static_cast<size_t>(std::find(places.begin(), places.end(), place) - places.begin());
    curve = curve << 2 | position;
    orientation ^= kTurnOf[position];
  }
  return static_cast<uint64_t>(projected.face) << 61 | curve << 1 | 1;
}

std::optional<CellId> cell_from_token(std::string_view token) {
  if (token.empty() || token.size() > 16) return std::nullopt;
  uint64_t id = 0;
  auto parsed = std::from_chars(token.data(), token.data() + token.size(), id, 16);
  if (parsed.ec != std::errc() || parsed.ptr != token.data() + token.size()) return std::nullopt;
  id <<= 4 * (16 - token.size());
  constexpr uint64_t kLowestBits = 0x1555555555555555;  // those that end an id
  if (id >> 61 > 5 || (lowest_bit(id) & kLowestBits) == 0) return std::nullopt;
  return id;
}

std::string token_of(CellId cell) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (int shift = 60; shift >= 0; shift -= 4) token += kDigits[cell >> shift & 15];
  token.erase(token.find_last_not_of('0') + 1);
  return token;
}

int level_of(CellId cell) { return kLevelMax - std::countr_zero(cell) / 2; }

CellId parent_of(CellId cell, int level) {
  uint64_t bit = uint64_t{1} << 2 * (kLevelMax - level);
  return (cell & (~bit + 1)) | bit;
}

LatLon center_of(CellId cell) {
  FaceIj at = decode(cell);
  bool leaf = (cell & 1) != 0;
  // Half leaves from the corner of the leaf at the end of the id to the middle of the cell.
  uint64_t delta = leaf ? 1 : ((at.i ^ static_cast<uint32_t>(cell >> 2)) & 1) != 0 ? 2 : 0;
  auto st = [&](uint32_t ij) {
    return static_cast<double>(2 * uint64_t{ij} + delta) / (2.0 * kSizeMax);
  };
  return to_lat_lon(unproject(at.face, st_to_uv(st(at.i)), st_to_uv(st(at.j))));
}

bool contains(const Region& region, const Point& point) {
  if (const Box* box = std::get_if<Box>(&region)) return holds(*box, to_lat_lon(point));
  if (const Circle* circle = std::get_if<Circle>(&region))
    return distance(circle->center, point) <= circle->radius;
  return holds(std::get<Polygon>(region), point);
}

std::vector<CellId> covering(const Region& region, int level, size_t most) {
  std::vector<CellId> out;
  for (uint64_t face = 0; face < 6; ++face)
    cover(region, face << 61 | uint64_t{1} << 60, level, most, out);
  return out;
}

double distance(const Point& a, const Point& b) { return std::atan2(norm(cross(a, b)), dot(a, b)); }

double distance(const Region& region, const Point& point) {
  if (const Box* box = std::get_if<Box>(&region)) return distance_to_box(*box, to_lat_lon(point));
  if (const Circle* circle = std::get_if<Circle>(&region))
    return std::max(0.0, distance(circle->center, point) - circle->radius);
  return distance_to_polygon(std::get<Polygon>(region), point);
}

double distance(const Line& line, const Point& point) {
  double nearest = line.size() == 1 ? distance(to_point(line[0]), point) : kPi;
  for (size_t k = 0; k + 1 < line.size(); ++k)
    nearest = std::min(nearest, distance_to_arc(point, to_point(line[k]), to_point(line[k + 1])));
  return nearest;
}

double distance(const Region& region, const Line& line) {
  if (const Box* box = std::get_if<Box>(&region))
    return distance_to_polygon(as_polygon(*box), line);
  if (const Circle* circle = std::get_if<Circle>(&region))
    return std::max(0.0, distance(line, circle->center) - circle->radius);
  return distance_to_polygon(std::get<Polygon>(region), line);
}

double length(const Line& line) {
  double sum = 0;
  for (size_t k = 0; k + 1 < line.size(); ++k) {
    const LatLon &a = line[k], &b = line[k + 1];
    double lat = std::sin((b.lat - a.lat) / 2), lon = std::sin((b.lon - a.lon) / 2);
    double x = lat * lat + lon * lon * std::cos(a.lat) * std::cos(b.lat);
    sum += 2 * std::asin(std::sqrt(std::min(1.0, x)));
  }
  return sum;
}

}  // namespace weir::query::flux::s2
