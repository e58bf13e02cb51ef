#include "query/flux/types.h"

#include <algorithm>

#include "base/result.h"

namespace weir::query::flux {
namespace {

constexpr TypeForm kLastBasic = TypeForm::dynamic;

constexpr KindSet kOfNumbers = kAddable | kSubtractable | kDivisible | kNumeric | kComparable |
                               kEquatable | kNullable | kBasic | kStringable | kNegatable;

// The kinds of a basic type. Times and durations may be added and subtracted here, which InfluxDB
// does by functions only.
KindSet kinds_of(TypeForm form) {
  switch (form) {
    case TypeForm::boolean:
      return kEquatable | kNullable | kBasic | kStringable;
    case TypeForm::integer:
    case TypeForm::unsigned_integer:
    case TypeForm::floating:
      return kOfNumbers;
    case TypeForm::string:
      return kAddable | kComparable | kEquatable | kNullable | kBasic | kStringable | kLabel;
    case TypeForm::duration:
      return kComparable | kEquatable | kNullable | kBasic | kNegatable | kStringable | kTimeable |
             kAddable | kSubtractable;
    case TypeForm::time:
      return kComparable | kEquatable | kNullable | kBasic | kTimeable | kStringable |
             kSubtractable;
    case TypeForm::regexp:
      return kBasic;
    case TypeForm::bytes:
      return kEquatable | kBasic;
    default:
      return 0;
  }
}

}  // namespace

// Counts one type within another while it lives.
class TypeTable::Depth {
 public:
  explicit Depth(TypeTable& table) : table_(table) { ++table_.depth_; }
  ~Depth() { --table_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  // Too deep counts as out of steps: nothing more is refused.
  bool good() {
    if (table_.depth_ > kTypeDepthMax) table_.steps_ = kTypeStepsMax;
    return table_.step();
  }

 private:
  TypeTable& table_;
};

// ---- Making types --------------------------------------------------------------------------

TypeTable::TypeTable() {
  for (int form = 0; form <= static_cast<int>(TypeForm::empty_record); ++form)
    nodes_.push_back({.form = static_cast<TypeForm>(form)});
}

TypeId TypeTable::add(Node node) {
  nodes_.push_back(node);
  return static_cast<TypeId>(nodes_.size() - 1);
}

TypeId TypeTable::variable(KindSet kinds) {
  TypeId id = add({.form = TypeForm::variable, .kinds = kinds, .level = level_});
  nodes_[id].first = id;
  return id;
}

TypeId TypeTable::collection(TypeForm form, TypeId element) {
  return add({.form = form, .first = element});
}

TypeId TypeTable::dictionary(TypeId key, TypeId value) {
  return add({.form = TypeForm::dictionary, .first = value, .second = key});
}

TypeId TypeTable::record(std::string_view name, TypeId type, TypeId tail) {
  return add({.form = TypeForm::record, .first = type, .second = tail, .extra = label(name)});
}

TypeId TypeTable::function(FunctionType type) {
  functions_.push_back(std::move(type));
  return add({.form = TypeForm::function, .extra = static_cast<uint32_t>(functions_.size() - 1)});
}

uint32_t TypeTable::label(std::string_view name) {
  auto found = label_ids_.find(name);
  if (found != label_ids_.end()) return found->second;
  auto id = static_cast<uint32_t>(labels_.size());
  labels_.emplace_back(name);
  label_ids_.emplace(std::string(name), id);
  return id;
}

// ---- Asking --------------------------------------------------------------------------------

TypeId TypeTable::resolved(TypeId type) const {
  while (nodes_[type].form == TypeForm::variable && nodes_[type].first != type)
    type = nodes_[type].first;
  return type;
}

const FunctionType& TypeTable::function_of(TypeId type) const {
  const Node& node = nodes_[resolved(type)];
  WEIR_ASSERT(node.form == TypeForm::function, "a type is read as a function that is none");
  return functions_[node.extra];
}

TypeTable::Row TypeTable::row_of(TypeId type) const {
  Row row;
  row.tail = resolved(type);
  while (nodes_[row.tail].form == TypeForm::record) {
    if (!look_through(row.fields.size())) {
      row.tail = kAny;
      break;
    }
    const Node& node = nodes_[row.tail];
    bool shadowed = std::any_of(row.fields.begin(), row.fields.end(),
                                [&](const auto& field) { return field.first == node.extra; });
    if (!shadowed) row.fields.emplace_back(node.extra, node.first);
    row.tail = resolved(node.second);
  }
  return row;
}

TypeId TypeTable::make_row(const Row& row) {
  TypeId type = row.tail;
  for (size_t i = row.fields.size(); i > 0; --i)
    type = add({.form = TypeForm::record,
                .first = row.fields[i - 1].second,
                .second = type,
                .extra = row.fields[i - 1].first});
  return type;
}

TypeId TypeTable::with_missing_labels(TypeId type, TypeId other) {
  if (form(type) != TypeForm::record || form(other) != TypeForm::record) return type;
  Row row = row_of(type);
  const Row more = row_of(other);
  if (nodes_[row.tail].form != TypeForm::empty_record ||
      nodes_[more.tail].form != TypeForm::empty_record)
    return type;
  const size_t before = row.fields.size();
  for (const auto& [name, field] : more.fields) {
    if (!look_through(row.fields.size())) return type;
    bool has = std::any_of(row.fields.begin(), row.fields.end(),
                           [name = name](const auto& known) { return known.first == name; });
    if (!has) row.fields.emplace_back(name, field);
  }
  return row.fields.size() == before ? type : make_row(row);
}

// ---- Agreeing ------------------------------------------------------------------------------

bool TypeTable::walk(TypeId variable, int level, TypeId type, int depth) {
  if (depth > kTypeDepthMax) steps_ = kTypeStepsMax;
  // Along the tails of records without recursion: they may be long.
  while (step()) {
    type = resolved(type);
    Node& node = nodes_[type];
    if (type == variable) return true;
    if (node.walked == walks_ || node.form <= kLastBasic) {
      if (node.form == TypeForm::variable) node.level = std::min(node.level, level);
      return false;
    }
    node.walked = walks_;
    const Node seen = node;
    if (seen.form == TypeForm::function) {
      // By index: nothing is added to the table during a walk.
      const FunctionType& function = functions_[seen.extra];
      for (const FunctionParameter& parameter : function.parameters)
        if (walk(variable, level, parameter.type, depth + 1)) return true;
      return walk(variable, level, function.result, depth + 1);
    }
    if (seen.form == TypeForm::empty_record) return false;
    if (walk(variable, level, seen.first, depth + 1)) return true;
    if (seen.form != TypeForm::record && seen.form != TypeForm::dictionary) return false;
    type = seen.second;
  }
  return false;
}

bool TypeTable::reaches(TypeId variable, TypeId type) {
  ++walks_;
  return walk(variable, nodes_[variable].level, type, 0);
}

void TypeTable::bind(TypeId variable, TypeId type, TypeProblems& problems) {
  const KindSet kinds = nodes_[variable].kinds;
  if (nodes_[type].form == TypeForm::variable) {
    nodes_[type].kinds |= kinds;
    nodes_[type].level = std::min(nodes_[type].level, nodes_[variable].level);
    nodes_[variable].first = type;
    return;
  }
  if (reaches(variable, type)) {
    problems.push_back(
        {.what = TypeProblem::What::recursive, .expected = variable, .actual = type});
    return;
  }
  nodes_[variable].first = type;
  constrain(type, kinds, problems);
}

void TypeTable::unify(TypeId expected, TypeId actual, TypeProblems& problems) {
  Depth depth(*this);
  if (!depth.good()) return;
  expected = resolved(expected);
  actual = resolved(actual);
  if (expected == actual) return;
  const Node e = nodes_[expected], a = nodes_[actual];
  if (e.form == TypeForm::variable) return bind(expected, actual, problems);
  if (a.form == TypeForm::variable) return bind(actual, expected, problems);
  // What a dynamic value holds is known when it is there.
  auto is_open = [](TypeForm form) { return form == TypeForm::any || form == TypeForm::dynamic; };
  if (is_open(e.form) || is_open(a.form)) return;
  auto is_record = [](TypeForm form) {
    return form == TypeForm::record || form == TypeForm::empty_record;
  };
  if (is_record(e.form) && is_record(a.form)) return unify_rows(expected, actual, problems);
  if (e.form != a.form || e.form <= kLastBasic) {
    problems.push_back(
        {.what = TypeProblem::What::mismatch, .expected = expected, .actual = actual});
  } else if (e.form == TypeForm::function) {
    // Copies: unification may add functions.
    const FunctionType f = functions_[e.extra], g = functions_[a.extra];
    unify_functions(f, g, problems);
  } else {
    if (e.form == TypeForm::dictionary) unify(e.second, a.second, problems);
    unify(e.first, a.first, problems);
  }
}

void TypeTable::unify_rows(TypeId expected, TypeId actual, TypeProblems& problems) {
  const Row e = row_of(expected), a = row_of(actual);
  Row missing, unexpected = a;
  for (const auto& [name, type] : e.fields) {
    if (!look_through(unexpected.fields.size())) return;
    auto found = std::find_if(unexpected.fields.begin(), unexpected.fields.end(),
                              [name = name](const auto& field) { return field.first == name; });
    if (found == unexpected.fields.end()) {
      missing.fields.emplace_back(name, type);
      continue;
    }
    TypeId other = found->second;
    unexpected.fields.erase(found);
    unify(type, other, problems);
  }
  // What was unified may have told more of the tails.
  const TypeId e_tail = resolved(e.tail), a_tail = resolved(a.tail);
  if (nodes_[e_tail].form == TypeForm::record || nodes_[a_tail].form == TypeForm::record) {
    missing.tail = e_tail;
    unexpected.tail = a_tail;
    return unify(make_row(missing), make_row(unexpected), problems);
  }
  if (missing.fields.empty() && unexpected.fields.empty()) return unify(e_tail, a_tail, problems);
  if (e_tail == a_tail && nodes_[e_tail].form == TypeForm::variable) {
    problems.push_back(
        {.what = TypeProblem::What::mismatch, .expected = expected, .actual = actual});
    return;
  }
  using What = TypeProblem::What;
  const bool a_closed = nodes_[a_tail].form == TypeForm::empty_record;
  const bool e_closed = nodes_[e_tail].form == TypeForm::empty_record;
  if (!missing.fields.empty() && a_closed)
    problems.push_back(
        {.what = What::missing_label, .name = labels_[missing.fields.front().first]});
  if (!unexpected.fields.empty() && e_closed)
    problems.push_back(
        {.what = What::unexpected_label, .name = labels_[unexpected.fields.front().first]});
  if ((!missing.fields.empty() && a_closed) || (!unexpected.fields.empty() && e_closed)) return;
  // Each tail takes what only the other has, and what neither knows.
  TypeId rest = a_closed || e_closed ? (a_closed ? a_tail : e_tail) : variable();
  if (nodes_[a_tail].form == TypeForm::any || nodes_[e_tail].form == TypeForm::any) rest = kAny;
  missing.tail = unexpected.tail = rest;
  if (!a_closed) unify(make_row(missing), a_tail, problems);
  if (!e_closed) unify(e_tail, make_row(unexpected), problems);
}

// ---- Kinds ---------------------------------------------------------------------------------

bool TypeTable::has_kind(TypeId type, KindSet kind, int depth) {
  if (!step() || depth > kTypeDepthMax) return true;
  type = resolved(type);
  Node& node = nodes_[type];
  switch (node.form) {
    case TypeForm::any:
      return true;
    case TypeForm::variable:
      node.kinds |= kind;
      return true;
    case TypeForm::array:
    case TypeForm::stream:
      return kind == kEquatable && has_kind(node.first, kind, depth + 1);
    case TypeForm::vector:
      return has_kind(node.first, kind, depth + 1);
    case TypeForm::empty_record:
      return kind == kRecord || kind == kEquatable;
    case TypeForm::record: {
      if (kind == kRecord) return true;
      if (kind != kEquatable) return false;
      const Row row = row_of(type);
      for (const auto& [name, field] : row.fields)
        if (!has_kind(field, kind, depth + 1)) return false;
      return nodes_[row.tail].form == TypeForm::variable || has_kind(row.tail, kind, depth + 1);
    }
    case TypeForm::dynamic:
      return true;
    default:
      return (kinds_of(node.form) & kind) != 0;
  }
}

void TypeTable::constrain(TypeId type, KindSet kinds, TypeProblems& problems) {
  for (KindSet kind = 1; kind != 0 && kind <= kinds; kind = static_cast<KindSet>(kind << 1)) {
    if ((kinds & kind) == 0 || has_kind(type, kind, 0)) continue;
    problems.push_back({.what = TypeProblem::What::not_of_kind, .actual = type, .kind = kind});
  }
}

// ---- Polymorphism --------------------------------------------------------------------------

TypeId TypeTable::instantiate(TypeId type, int level) {
  std::map<TypeId, TypeId> copies;
  return copy(type, level, copies, 0);
}

TypeId TypeTable::copy(TypeId type, int level, std::map<TypeId, TypeId>& copies, int depth) {
  if (!step()) return kAny;
  if (depth > kTypeDepthMax) {
    steps_ = kTypeStepsMax;
    return kAny;
  }
  type = resolved(type);
  const Node node = nodes_[type];
  if (node.form != TypeForm::variable &&
      (node.form <= kLastBasic || node.form == TypeForm::empty_record))
    return type;
  if (auto known = copies.find(type); known != copies.end()) return known->second;
  TypeId made = type;
  if (node.form == TypeForm::variable) {
    if (node.level > level) made = variable(node.kinds);
  } else if (node.form == TypeForm::record) {
    Row row = row_of(type);
    for (auto& [name, field] : row.fields) field = copy(field, level, copies, depth + 1);
    row.tail = copy(row.tail, level, copies, depth + 1);
    made = make_row(row);
  } else if (node.form == TypeForm::function) {
    FunctionType function = functions_[node.extra];
    for (FunctionParameter& parameter : function.parameters)
      parameter.type = copy(parameter.type, level, copies, depth + 1);
    function.result = copy(function.result, level, copies, depth + 1);
    made = this->function(std::move(function));
  } else {
    Node other = node;
    other.first = copy(node.first, level, copies, depth + 1);
    if (node.form == TypeForm::dictionary)
      other.second = copy(node.second, level, copies, depth + 1);
    made = add(other);
  }
  copies.emplace(type, made);
  return made;
}

}  // namespace weir::query::flux
