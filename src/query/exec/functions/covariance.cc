// covariance(): how two columns of each table vary together, or Pearson's correlation of them.
#include <cmath>
#include <limits>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// Welford's method for two variables: stable, one pass.
class Moments {
 public:
  void add(double x, double y) {
    count_ += 1;
    double dx = x - mean_x_, dy = y - mean_y_;
    mean_x_ += dx / count_;
    mean_y_ += dy / count_;
    xx_ += dx * (x - mean_x_);
    yy_ += dy * (y - mean_y_);
    xy_ += dx * (y - mean_y_);
  }
  double result(bool normalized) const {
    if (count_ < 2) return std::numeric_limits<double>::quiet_NaN();
    return normalized ? xy_ / std::sqrt(xx_ * yy_) : xy_ / (count_ - 1);
  }

 private:
  double count_ = 0, mean_x_ = 0, mean_y_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;
};

Result<const Column*> column_of(const Table& table, const Chunk& chunk, const std::string& label) {
  std::optional<size_t> at = table.find(label);
  if (!at) return invalid("specified column does not exist in table: " + label);
  return chunk.columns[*at].get();
}

Result<Operation> covariance(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto labels, arguments.strings("columns"));
  WEIR_TRY(bool normalized, arguments.boolean_or("pearsonr", false));
  WEIR_TRY(std::string into, arguments.string_or("valueDst", "_value"));
  if (labels.size() != 2) return invalid("must provide exactly two columns");
  auto run = [=](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(const Column* x, column_of(table, chunk, labels[0]));
    WEIR_TRY(const Column* y, column_of(table, chunk, labels[1]));
    if (x->type != y->type) return invalid("cannot compute the covariance between different types");
    if (x->type != ColumnType::floating)
      return invalid("covariance does not support " + std::string(to_string(x->type)));
    Moments moments;
    for (size_t row = 0; row < chunk.rows; ++row)
      if (x->is_valid(row) && y->is_valid(row)) moments.add(x->float_at(row), y->float_at(row));
    Scalar value = Scalar::of_float(moments.result(normalized));
    return keyed_table(table.key(), {{into, constant_column(value, 1)}}, 1);
  };
  return per_whole_table(run);
}

}  // namespace

void register_covariance(Registry& registry) {
  add_operation(registry, "universe", "covariance",
                "(<-tables: stream, columns: array, ?pearsonr: bool, ?valueDst: string)",
                covariance);
}

}  // namespace weir::query
