// The bound of the memory that rows take until they are in chunks.
#include <doctest/doctest.h>

#include "store/engine/row_group.h"

namespace weir::store {
TEST_CASE("the texts of rows count as memory, however often their columns grow") {
  auto memory = std::make_shared<std::atomic<int64_t>>(0);
  {
    std::shared_ptr<RowGroup> rows;
    constexpr int64_t kRows = 100, kTextBytes = 1000;
    for (int64_t i = 0; i < kRows; i++) {
      RowsEncoder encoder(1);
      encoder.add_point(0, i, 0, {{0, model::FieldType::string}});
      const std::string text(kTextBytes, 'x');
      encoder.add_value(model::FieldValue::of_string(text));
      const std::string record = encoder.take();
      RowsDecoder point(record);
      REQUIRE(*point.next());
      REQUIRE(RowsWriter(rows, memory).append(point).ok());
    }
    CHECK(*memory > kRows * kTextBytes);
  }
  CHECK(*memory == 0);
}

}  // namespace weir::store
