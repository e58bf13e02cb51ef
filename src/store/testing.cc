#include "store/testing.h"

#include <fmt/core.h>
#include <stdlib.h>

#include <charconv>
#include <filesystem>

namespace weir::store::testing {
namespace {

template <class T>
T number(std::string_view text) {
  T value{};
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  WEIR_ASSERT(failure == std::errc() && end == text.data() + text.size(), "a test's number");
  return value;
}

}  // namespace

BatchBuilder& BatchBuilder::add(std::string_view series_key, std::string_view fields,
                                int64_t time_ns) {
  batch_.add_point(batch_.copy(series_key), time_ns);
  while (!fields.empty()) {
    size_t equal = fields.find('=');
    std::string_view key = batch_.copy(fields.substr(0, equal));
    fields.remove_prefix(equal + 1);
    size_t end = fields.front() == '"' ? fields.find('"', 1) + 1 : fields.find(',');
    std::string_view text = fields.substr(0, end);
    fields.remove_prefix(std::min(text.size() + 1, fields.size()));
    if (text.front() == '"') {
      std::string_view copied = batch_.copy(text.substr(1, text.size() - 2));
      batch_.add_field(key, model::FieldValue::of_string(copied));
    } else if (text == "true" || text == "false") {
      batch_.add_field(key, model::FieldValue::of_bool(text == "true"));
    } else if (text.back() == 'i') {
      batch_.add_field(key,
                       model::FieldValue::of_int(number<int64_t>(text.substr(0, text.size() - 1))));
    } else if (text.back() == 'u') {
      batch_.add_field(
          key, model::FieldValue::of_uint(number<uint64_t>(text.substr(0, text.size() - 1))));
    } else {
      batch_.add_field(key, model::FieldValue::of_float(number<double>(text)));
    }
  }
  return *this;
}

std::string value_text(const model::FieldValue& value) {
  switch (value.type()) {
    case model::FieldType::float64:
      return fmt::format("{}", value.as_float());
    case model::FieldType::int64:
      return fmt::format("{}i", value.as_int());
    case model::FieldType::uint64:
      return fmt::format("{}u", value.as_uint());
    case model::FieldType::boolean:
      return value.as_bool() ? "true" : "false";
    case model::FieldType::string:
      return fmt::format("\"{}\"", value.as_string());
  }
  return {};
}

std::vector<std::string> scan_lines(Store& store, const ScanSpec& spec) {
  std::vector<std::string> lines;
  auto fail = [&](const Error& error) {
    lines.push_back("error: " + error.message);
    return lines;
  };
  auto cursor = store.scan(spec);
  if (!cursor.ok()) return fail(cursor.error());
  while (true) {
    auto series = (*cursor)->next_series();
    if (!series.ok()) return fail(series.error());
    if (*series == nullptr) return lines;
    std::string name = (*series)->key.canonical() + " " + (*series)->field;
    model::ColumnChunk chunk;
    while (true) {
      auto more = (*cursor)->next_chunk(chunk);
      if (!more.ok()) return fail(more.error());
      if (!*more) break;
      WEIR_ASSERT(chunk.rows() > 0 && chunk.rows() <= model::kChunkRowsMax, "a chunk's row count");
      for (size_t row = 0; row < chunk.rows(); row++) {
        std::string line =
            fmt::format("{} {} {}", name, chunk.times[row], value_text(chunk.value(row)));
        if (!chunk.window_starts.empty()) line += fmt::format(" @{}", chunk.window_starts[row]);
        if (!chunk.counts.empty()) line += fmt::format(" x{}", chunk.counts[row]);
        lines.push_back(std::move(line));
      }
    }
  }
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-store-XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  WEIR_ASSERT(made != nullptr, "a temporary directory can be made");
  path_ = made;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::store::testing
