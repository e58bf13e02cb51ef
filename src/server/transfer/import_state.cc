#include "server/transfer/import_state.h"

#include "base/file.h"
#include "base/json.h"

namespace weir::server {

std::optional<ImportState> load_import_state(const std::string& path) {
  auto text = system_file_system().read(path);
  if (!text.ok()) return std::nullopt;
  auto document = parse_json(*text);
  if (!document.ok() || !document->is_object()) return std::nullopt;
  auto text_of = [&](const char* name) {
    auto place = document->find(name);
    return place != document->end() && place->is_string() ? place->get<std::string>() : "";
  };
  auto number_of = [&](const char* name) {
    auto place = document->find(name);
    return place != document->end() && place->is_number_unsigned() ? place->get<uint64_t>() : 0;
  };
  ImportState state{text_of("import"), number_of("source"), text_of("position"),
                    number_of("points")};
  if (state.identity.empty()) return std::nullopt;
  return state;
}

Result<void> save_import_state(const std::string& path, const ImportState& state) {
  FileSystem& files = system_file_system();
  const std::string beside = path + ".new";
  if (files.exists(beside)) WEIR_CHECK(files.remove(beside));
  WEIR_TRY(auto file, files.create(beside));
  WEIR_CHECK(file->append(dump_json(OrderedJson{{"import", state.identity},
                                                {"source", state.source},
                                                {"position", state.position},
                                                {"points", state.points}}) +
                          "\n"));
  WEIR_CHECK(file->close());
  return files.rename(beside, path);
}

}  // namespace weir::server
