#include "server/transfer/csv_columns.h"

#include <fmt/core.h>

#include <charconv>

#include "base/time_text.h"
#include "model/field_text.h"
#include "model/series_key.h"

namespace weir::server {
namespace {

bool is_time(std::string_view type) {
  return type == "time" || type == "dateTime" || type.starts_with("dateTime:");
}

bool is_value(std::string_view type) {
  return type == "double" || type == "long" || type == "unsignedLong" || type == "boolean" ||
         type == "string" || type == "base64Binary";
}

Error column_error(size_t i, std::string_view label, std::string_view what) {
  return Error{Errc::invalid, fmt::format("column {} ({}): {}", i + 1, label, what)};
}

std::string at(const CsvCells& cells, size_t i) { return i < cells.size() ? cells[i] : ""; }

// "label|type|default" of a header.
CsvCells split_label(std::string_view label) {
  CsvCells parts;
  for (;;) {
    const size_t bar = std::min(label.find('|'), label.size());
    parts.emplace_back(label.substr(0, bar));
    if (bar == label.size() || parts.size() == 3) break;
    label.remove_prefix(bar + 1);
  }
  parts.resize(3);
  return parts;
}

}  // namespace

Result<void> CsvAnnotations::add(CsvCells row) {
  std::string& first = row[0];
  const size_t space = std::min(first.find(' '), first.size());
  const std::string name = first.substr(0, space);
  first.erase(0, std::min(space + 1, first.size()));
  if (name == "#datatype") types = std::move(row);
  if (name == "#group") groups = std::move(row);
  if (name == "#default") defaults = std::move(row);
  if (name == "#constant") {
    if (first.empty()) row.erase(row.begin());
    constants.push_back(std::move(row));
  }
  if (name == "#timezone" && at(row, 0) != "UTC" && at(row, 0) != "Z" && !at(row, 0).empty()) {
    return Error{Errc::invalid,
                 fmt::format("#timezone: got {}, wanted UTC: write times as RFC 3339 "
                             "with an offset",
                             at(row, 0))};
  }
  return {};
}

Result<CsvColumns::Column> CsvColumns::make_column(std::string_view type, std::string_view group,
                                                   std::string label, std::string fallback) {
  Column column{Role::ignored, std::string(type), std::move(label), std::move(fallback), false};
  const std::string& name = column.label;
  if (type == "ignored" || type == "ignore" || name.empty() || name == "_start" ||
      name == "_stop" || (name == "result" && group == "false") ||
      (name == "table" && group == "false")) {
    return column;
  }
  if (type == "measurement" || name == "_measurement") {
    column.role = Role::measurement;
  } else if (is_time(type) && (name == "_time" || group.empty())) {
    column.role = Role::time;
  } else if (name == "_field") {
    column.role = Role::field_name;
  } else if (type == "tag" || group == "true") {
    column.role = Role::tag;
  } else if (is_value(type)) {
    column.role = name == "_value" ? Role::field_value : Role::field;
  } else if (is_time(type)) {
    column.role = Role::ignored;  // a second time of a query's answer
  } else if (type.empty()) {
    return Error{Errc::invalid,
                 "has no type: wanted a #datatype row above the header, or "
                 "label|type in it"};
  } else {
    return Error{Errc::invalid,
                 fmt::format("type: got `{}`, wanted measurement, tag, dateTime, double, long, "
                             "unsignedLong, boolean, string or ignored",
                             type)};
  }
  return column;
}

Result<CsvColumns> CsvColumns::make(const CsvAnnotations& annotations, const CsvCells& header) {
  CsvColumns made;
  for (size_t i = 0; i < header.size(); i++) {
    CsvCells parts = {header[i], "", ""};
    if (annotations.types.empty()) parts = split_label(header[i]);
    const std::string type = annotations.types.empty() ? parts[1] : at(annotations.types, i);
    std::string fallback = annotations.types.empty() ? parts[2] : at(annotations.defaults, i);
    auto column = make_column(type, at(annotations.groups, i), parts[0], std::move(fallback));
    if (!column.ok()) return column_error(i, parts[0], column.error().message);
    made.columns_.push_back(std::move(column).value());
  }
  for (const CsvCells& constant : annotations.constants) {
    const bool is_measurement = at(constant, 0) == "measurement";
    auto column = make_column(at(constant, 0), "", at(constant, 1),
                              at(constant, is_measurement && constant.size() < 3 ? 1 : 2));
    if (!column.ok()) return std::move(column).error().with_context("#constant");
    column->is_constant = true;
    made.columns_.push_back(std::move(column).value());
  }
  WEIR_CHECK(made.check());
  return made;
}

Result<void> CsvColumns::check() const {
  size_t measurements = 0, times = 0, fields = 0, names = 0, values = 0;
  for (const Column& column : columns_) {
    measurements += column.role == Role::measurement ? 1 : 0;
    times += column.role == Role::time ? 1 : 0;
    fields += column.role == Role::field ? 1 : 0;
    names += column.role == Role::field_name ? 1 : 0;
    values += column.role == Role::field_value ? 1 : 0;
  }
  auto wrong = [](std::string_view what) { return Error{Errc::invalid, std::string(what)}; };
  if (measurements != 1) {
    return wrong("wanted one column of type measurement, or _measurement");
  }
  if (times > 1) return wrong("wanted one column with the time, got several: make others ignored");
  if (values > 0 && names == 0) return wrong("_value is there, wanted _field with it");
  if (fields + values == 0) return wrong("wanted a column with values: double, long, string, ...");
  return {};
}

std::string_view CsvColumns::cell(const CsvCells& row, size_t i) const {
  const Column& column = columns_[i];
  if (column.is_constant || i >= row.size() || row[i].empty()) return column.fallback;
  return row[i];
}

Result<void> CsvColumns::append_value(std::string& out, const Column& column,
                                      const std::string& text) {
  if (column.type == "string" || column.type == "base64Binary") {
    model::append_value(out, model::FieldValue::of_string(text));
    return {};
  }
  std::string reason, spelled = text;
  if (column.type == "long") spelled += "i";
  if (column.type == "unsignedLong") spelled += "u";
  if (column.type == "boolean" && (text == "1" || text == "0")) spelled = text == "1" ? "t" : "f";
  const auto value = model::parse_value(spelled, reason);
  const auto wanted = column.type == "double"         ? model::FieldType::float64
                      : column.type == "long"         ? model::FieldType::int64
                      : column.type == "unsignedLong" ? model::FieldType::uint64
                                                      : model::FieldType::boolean;
  if (!value || value->type() != wanted) {
    return Error{Errc::invalid, fmt::format("got `{}`, wanted a {}", text, column.type)};
  }
  model::append_value(out, *value);
  return {};
}

Result<int64_t> CsvColumns::time_of(const Column& column, const std::string& text) {
  int64_t time_ns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ns);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && !column.type.starts_with("dateTime:RFC3339")) return time_ns;
  return parse_rfc3339(text);
}

Result<bool> CsvColumns::append_line(std::string& out, const CsvCells& row) const {
  if (row.size() > columns_.size()) {
    return Error{Errc::invalid,
                 fmt::format("got {} columns, the header has {}", row.size(), columns_.size())};
  }
  std::string measurement, tags, fields, field_name, time;
  for (size_t i = 0; i < columns_.size(); i++) {
    if (columns_[i].role == Role::field_name) field_name = cell(row, i);
  }
  for (size_t i = 0; i < columns_.size(); i++) {
    const Column& column = columns_[i];
    const std::string text(cell(row, i));
    if (text.empty()) continue;
    if (column.role == Role::measurement) {
      model::append_escaped_measurement(measurement, text);
    } else if (column.role == Role::tag) {
      tags.push_back(',');
      model::append_escaped_tag(tags, column.label);
      tags.push_back('=');
      model::append_escaped_tag(tags, text);
    } else if (column.role == Role::time) {
      auto time_ns = time_of(column, text);
      if (!time_ns.ok()) return column_error(i, column.label, time_ns.error().message);
      time = fmt::format(" {}", *time_ns);
    } else if (column.role == Role::field || column.role == Role::field_value) {
      if (!fields.empty()) fields.push_back(',');
      model::append_escaped_tag(fields, column.role == Role::field ? column.label : field_name);
      fields.push_back('=');
      auto appended = append_value(fields, column, text);
      if (!appended.ok()) return column_error(i, column.label, appended.error().message);
    }
  }
  if (fields.empty()) return false;
  if (measurement.empty()) return Error{Errc::invalid, "has no measurement"};
  out += fmt::format("{}{} {}{}\n", measurement, tags, fields, time);
  return true;
}

}  // namespace weir::server
