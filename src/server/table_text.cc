#include "server/table_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/json.h"

namespace weir::server {
namespace {

using Row = std::vector<std::string>;

// RFC 4180 records; an empty line is an empty record.
std::vector<Row> parse_csv(std::string_view text) {
  std::vector<Row> rows;
  Row row;
  std::string cell;
  bool quoted = false, any = false;
  auto end_row = [&] {
    if (any || !cell.empty()) row.push_back(std::move(cell));
    rows.push_back(std::move(row));
    row = {}, cell = {}, any = false;
  };
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"', i++;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = any = true;
    } else if (c == ',') {
      row.push_back(std::move(cell));
      cell = {}, any = true;
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (any || !cell.empty()) end_row();
  return rows;
}

// A run of rows under one header.
struct Block {
  Row datatype, group, defaults, header;
  std::vector<Row> rows;
  const std::string& cell(const Row& row, size_t column) const {
    static const std::string kNone;
    if (column < row.size() && !row[column].empty()) return row[column];
    return column < defaults.size() ? defaults[column] : kNone;
  }
};

Result<std::vector<Block>> parse_blocks(std::string_view csv) {
  std::vector<Block> blocks;
  bool expect_header = true;
  for (Row& row : parse_csv(csv)) {
    if (row.empty() || (row.size() == 1 && row[0].empty())) {
      expect_header = true;
    } else if (row[0].starts_with("#")) {
      if (row[0] == "#datatype") blocks.emplace_back();
      if (blocks.empty()) return Error{Errc::invalid, "the answer is not annotated CSV"};
      Row& target = row[0] == "#datatype" ? blocks.back().datatype
                    : row[0] == "#group"  ? blocks.back().group
                                          : blocks.back().defaults;
      row[0].clear();
      target = std::move(row);
      expect_header = true;
    } else if (blocks.empty()) {
      return Error{Errc::invalid, "the answer is not annotated CSV"};
    } else if (expect_header) {
      blocks.back().header = std::move(row);
      expect_header = false;
    } else {
      blocks.back().rows.push_back(std::move(row));
    }
  }
  return blocks;
}

size_t find_column(const Block& block, std::string_view name) {
  auto found = std::find(block.header.begin(), block.header.end(), name);
  return static_cast<size_t>(found - block.header.begin());
}

bool is_number(std::string_view datatype) {
  return datatype == "long" || datatype == "double" || datatype == "unsignedLong";
}

// Columns in display width: code points, which is right for the scripts sensors are named in.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_padded(std::string& out, std::string_view text, size_t width, bool right) {
  std::string padding(width - std::min(width, width_of(text)), ' ');
  out += right ? padding : std::string();
  out += text;
  out += right ? std::string() : padding;
}

void append_table(std::string& out, const Block& block, size_t begin, size_t end) {
  std::vector<size_t> shown;
  std::string key;
  size_t table = find_column(block, "table");
  for (size_t column = 0; column < block.header.size(); column++) {
    const std::string& name = block.header[column];
    if (column <= table) continue;
    if (column < block.group.size() && block.group[column] == "true") {
      key += fmt::format("{}{}={}", key.empty() ? "" : "  ", name,
                         block.cell(block.rows[begin], column));
    } else {
      shown.push_back(column);
    }
  }
  std::vector<size_t> widths;
  for (size_t column : shown) {
    size_t width = width_of(block.header[column]);
    for (size_t row = begin; row < end; row++) {
      width = std::max(width, width_of(block.cell(block.rows[row], column)));
    }
    widths.push_back(width);
  }
  if (!key.empty()) out += key + "\n";
  auto append_row = [&](auto cell_of) {
    std::string line;
    for (size_t i = 0; i < shown.size(); i++) {
      line += "  ";
      append_padded(line, cell_of(shown[i]), widths[i], is_number(block.datatype[shown[i]]));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  append_row([&](size_t column) -> const std::string& { return block.header[column]; });
  for (size_t row = begin; row < end; row++) {
    append_row(
        [&](size_t column) -> const std::string& { return block.cell(block.rows[row], column); });
  }
  out += "\n";
}

// The error table that ends a stream which failed midway.
Result<void> check_error_block(const Block& block) {
  size_t error = find_column(block, "error");
  if (error < block.header.size() && find_column(block, "reference") < block.header.size() &&
      !block.rows.empty()) {
    return Error{Errc::invalid, block.cell(block.rows[0], error)};
  }
  return {};
}

}  // namespace

Result<std::string> csv_to_text_tables(std::string_view csv) {
  WEIR_TRY(std::vector<Block> blocks, parse_blocks(csv));
  std::string out;
  for (const Block& block : blocks) {
    WEIR_CHECK(check_error_block(block));
    size_t table = find_column(block, "table"), result = find_column(block, "result");
    for (size_t begin = 0, end = 0; begin < block.rows.size(); begin = end) {
      auto same = [&](size_t column) {
        return block.cell(block.rows[begin], column) == block.cell(block.rows[end], column);
      };
      while (end < block.rows.size() && same(table) && same(result)) end++;
      append_table(out, block, begin, end);
    }
  }
  return out;
}

Result<std::string> csv_to_json_lines(std::string_view csv) {
  WEIR_TRY(std::vector<Block> blocks, parse_blocks(csv));
  std::string out;
  for (const Block& block : blocks) {
    WEIR_CHECK(check_error_block(block));
    for (const Row& row : block.rows) {
      OrderedJson object = OrderedJson::object();
      for (size_t column = 1; column < block.header.size(); column++) {
        const std::string& cell = block.cell(row, column);
        std::string_view datatype = block.datatype[column];
        if (cell.empty() && datatype != "string") continue;
        bool literal = (is_number(datatype) || datatype == "boolean") && parse_json(cell).ok();
        if (literal) {
          object[block.header[column]] = OrderedJson::parse(cell);
        } else {
          object[block.header[column]] = cell;
        }
      }
      out += dump_json(object) + "\n";
    }
  }
  return out;
}

}  // namespace weir::server
