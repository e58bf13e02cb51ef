// csv.from(): tables out of CSV text. Files are not read: a query must not see the server's disk.
#include "query/exec/functions/kit.h"
#include "query/result/csv_reader.h"

namespace weir::query {

namespace {

Result<Source> csv_from(CallContext&, const Arguments& arguments) {
  if (arguments.has("file")) return unsupported("csv.from: argument file (give the text in csv)");
  if (arguments.has("url")) return unsupported("csv.from: argument url (give the text in csv)");
  WEIR_TRY(std::string text, arguments.string("csv"));
  WEIR_TRY(std::string mode, arguments.string_or("mode", "annotations"));
  if (mode != "annotations" && mode != "raw")
    return invalid("mode must be \"annotations\" or \"raw\", was \"" + mode + "\"");
  auto make = [text, raw = mode == "raw"](ExecContext& context) -> Result<CursorPtr> {
    return deferred([&context, text, raw] {
      return raw ? read_raw_csv(context, text) : read_annotated_csv(context, text);
    });
  };
  return Source{std::move(make)};
}

}  // namespace

void register_csv_from(Registry& registry) {
  constexpr std::string_view kSignature =
      "(?csv: string, ?file: string, ?mode: string, ?url: string)";
  add_source(registry, "csv", "from", kSignature, csv_from);
  add_source(registry, "experimental/csv", "from", kSignature, csv_from);
}

}  // namespace weir::query
