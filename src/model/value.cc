#include "model/value.h"

namespace weir::model {

std::string_view to_string(FieldType type) {
  switch (type) {
    case FieldType::float64:
      return "float";
    case FieldType::int64:
      return "integer";
    case FieldType::uint64:
      return "unsigned";
    case FieldType::boolean:
      return "boolean";
    case FieldType::string:
      return "string";
  }
  return "unknown";
}

}  // namespace weir::model
