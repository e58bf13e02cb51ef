#include "query/flux/infer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "query/flux/signatures.h"
#include "query/flux/types.h"

namespace weir::query::flux {
namespace {

constexpr size_t kErrorsMax = 50;  // as many as the parser reports

TypeForm form_of(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return TypeForm::boolean;
    case ValueType::integer:
      return TypeForm::integer;
    case ValueType::unsigned_integer:
      return TypeForm::unsigned_integer;
    case ValueType::floating:
      return TypeForm::floating;
    case ValueType::string:
      return TypeForm::string;
    case ValueType::time:
      return TypeForm::time;
    case ValueType::duration:
      return TypeForm::duration;
    case ValueType::regexp:
      return TypeForm::regexp;
    case ValueType::bytes:
      return TypeForm::bytes;
    default:
      return TypeForm::any;
  }
}

// Parentheses are no part of what a message is about, nor is what stands before the last call of a
// pipeline.
const ast::Location& place_of(const ast::Expression& expression) {
  const ast::Expression& inner = ast::without_parens(expression);
  auto* pipe = ast::as<ast::PipeExpression>(inner);
  return pipe != nullptr ? pipe->call->location : inner.location;
}

class Inference {
 public:
  explicit Inference(const Registry& registry) : registry_(registry) { frames_.emplace_back(); }

  void file(const ast::File& file);
  std::vector<SyntaxError> errors() const;

 private:
  // What a name stands for. A definition's own type is new at each use where it does not depend on
  // what is still open around it: in variables of deeper levels.
  struct Known {
    TypeId type = kAny;
    std::optional<int> level;          // of a definition; a parameter has none
    const Library* package = nullptr;  // an imported package
  };
  using Frame = std::unordered_map<std::string, Known>;
  struct Placed {
    ast::Location location;
    TypeProblem problem;
  };

  static TypeId basic(TypeForm form) { return TypeTable::basic(form); }
  const Known* find(const std::string& name) const;
  void report(const ast::Location& location, TypeProblems problems);
  void equal(TypeId expected, TypeId actual, const ast::Location& location);
  void require(TypeId type, KindSet kinds, const ast::Location& location);

  void statement(const ast::Statement& statement);
  void define(const ast::VariableAssignment& variable);
  void option(const ast::OptionStatement& option);

  TypeId member_of(const Library& library, const std::string& name);
  TypeId with_more_parameters(TypeId type, const Function& function);
  TypeId name(const std::string& name);
  TypeId expression(const ast::Expression& node);
  TypeId literal(const ast::Expression& node);
  TypeId value_of(const ast::Property& property);
  TypeId array(const ast::ArrayExpression& node);
  TypeId dictionary(const ast::DictionaryExpression& node);
  TypeId object(const ast::ObjectExpression& node);
  TypeId function(const ast::FunctionExpression& node);
  TypeId block(const ast::Block& block);
  TypeId pipeline(const ast::PipeExpression& last);
  // `piped` is what stands before |>, of type `pipe`; nullptr: nothing.
  TypeId call(const ast::CallExpression& node, const ast::Expression* piped, TypeId pipe);
  TypeId call_function(FunctionType wanted, const ast::CallExpression& node, TypeId piped,
                       const ast::Expression* pipe);
  TypeId member(const ast::MemberExpression& node);
  TypeId index(const ast::IndexExpression& node);
  TypeId unary(const ast::UnaryExpression& node);
  TypeId binary(const ast::BinaryExpression& node);
  TypeId arithmetic(const ast::BinaryExpression& node, TypeId left, TypeId right, KindSet kind);
  std::optional<TypeId> of_times(ast::BinaryOperator op, TypeId left, TypeId right);

  const Registry& registry_;
  const Library* universe_ = registry_.find("universe");
  TypeTable types_;
  std::vector<Frame> frames_;
  std::vector<Placed> placed_;
};

const Inference::Known* Inference::find(const std::string& name) const {
  for (size_t i = frames_.size(); i > 0; --i)
    if (auto found = frames_[i - 1].find(name); found != frames_[i - 1].end())
      return &found->second;
  return nullptr;
}

void Inference::report(const ast::Location& location, TypeProblems problems) {
  for (TypeProblem& problem : problems)
    if (placed_.size() < kErrorsMax) placed_.push_back({location, std::move(problem)});
}

void Inference::equal(TypeId expected, TypeId actual, const ast::Location& location) {
  TypeProblems problems;
  types_.unify(expected, actual, problems);
  report(location, std::move(problems));
}

void Inference::require(TypeId type, KindSet kinds, const ast::Location& location) {
  TypeProblems problems;
  types_.constrain(type, kinds, problems);
  report(location, std::move(problems));
}

std::vector<SyntaxError> Inference::errors() const {
  std::vector<SyntaxError> errors;
  if (types_.exhausted()) return errors;
  for (const Placed& placed : placed_)
    errors.push_back({placed.location, types_.to_text(placed.problem)});
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) {
    return std::pair(a.location.start.line, a.location.start.column) <
           std::pair(b.location.start.line, b.location.start.column);
  });
  return errors;
}

// ---- Statements ----------------------------------------------------------------------------

void Inference::file(const ast::File& file) {
  for (const ast::ImportDeclaration& import : file.imports) {
    const Library* library = registry_.find(import.path);
    if (library == nullptr) continue;
    std::string as = import.as.text.empty() ? std::string(library->name()) : import.as.text;
    frames_.back()[as] = Known{kAny, std::nullopt, library};
  }
  for (const ast::StatementPtr& item : file.body) statement(*item);
}

void Inference::statement(const ast::Statement& statement) {
  if (auto* variable = ast::as<ast::VariableAssignment>(statement)) {
    define(*variable);
  } else if (auto* option_statement = ast::as<ast::OptionStatement>(statement)) {
    option(*option_statement);
  } else if (auto* expression_statement = ast::as<ast::ExpressionStatement>(statement)) {
    expression(*expression_statement->expression);
  } else if (auto* builtin = ast::as<ast::BuiltinStatement>(statement)) {
    types_.enter_level();
    TypeId type = types_.from_expression(builtin->type);
    types_.leave_level();
    frames_.back()[builtin->id.text] = Known{type, types_.level(), nullptr};
  }
}

void Inference::define(const ast::VariableAssignment& variable) {
  types_.enter_level();
  TypeId type = expression(*variable.init);
  types_.leave_level();
  frames_.back()[variable.id.text] = Known{type, types_.level(), nullptr};
}

void Inference::option(const ast::OptionStatement& option) {
  if (auto* qualified = ast::as<ast::MemberAssignment>(*option.assignment)) {
    TypeId value = expression(*qualified->init);
    equal(member(*qualified->member), value, place_of(*qualified->init));
    return;
  }
  define(*ast::as<ast::VariableAssignment>(*option.assignment));
}

// ---- Names ---------------------------------------------------------------------------------

TypeId Inference::member_of(const Library& library, const std::string& name) {
  auto found = library.members.find(name);
  if (const ast::TypeExpression* known = find_signature(library.path, name)) {
    TypeId type = types_.from_expression(*known);
    const bool native = found != library.members.end() &&
                        found->second.binding.value.is(ValueType::function) &&
                        types_.form(type) == TypeForm::function;
    return native ? with_more_parameters(type, found->second.binding.value.as_function()) : type;
  }
  if (found == library.members.end() || found->second.is_option) return kAny;
  return basic(form_of(found->second.binding.value.type()));
}

// Some functions take more here than they do in InfluxDB.
TypeId Inference::with_more_parameters(TypeId type, const Function& function) {
  FunctionType more = types_.function_of(type);
  const size_t known = more.parameters.size();
  for (const Parameter& parameter : function.parameters()) {
    bool has = std::any_of(more.parameters.begin(), more.parameters.end(),
                           [&](const FunctionParameter& p) { return p.name == parameter.name; });
    if (!has) more.parameters.push_back({parameter.name, ast::ParameterKind::optional, kAny});
  }
  return more.parameters.size() == known ? type : types_.function(std::move(more));
}

TypeId Inference::name(const std::string& name) {
  const Known* known = find(name);
  if (known == nullptr) return universe_ != nullptr ? member_of(*universe_, name) : kAny;
  return known->level ? types_.instantiate(known->type, *known->level) : known->type;
}

// ---- Expressions ---------------------------------------------------------------------------

TypeId Inference::expression(const ast::Expression& node) {
  using Kind = ast::ExpressionKind;
  switch (node.kind) {
    case Kind::identifier:
      return name(static_cast<const ast::Identifier&>(node).name);
    case Kind::string_expression:
      for (const ast::StringPart& part : static_cast<const ast::StringExpression&>(node).parts)
        if (part.expression)
          require(expression(*part.expression), kStringable, place_of(*part.expression));
      return basic(TypeForm::string);
    case Kind::array:
      return array(static_cast<const ast::ArrayExpression&>(node));
    case Kind::dictionary:
      return dictionary(static_cast<const ast::DictionaryExpression&>(node));
    case Kind::object:
      return object(static_cast<const ast::ObjectExpression&>(node));
    case Kind::function:
      return function(static_cast<const ast::FunctionExpression&>(node));
    case Kind::call:
      return call(static_cast<const ast::CallExpression&>(node), nullptr, kAny);
    case Kind::pipe_call:
      return pipeline(static_cast<const ast::PipeExpression&>(node));
    case Kind::member:
      return member(static_cast<const ast::MemberExpression&>(node));
    case Kind::index:
      return index(static_cast<const ast::IndexExpression&>(node));
    case Kind::unary:
      return unary(static_cast<const ast::UnaryExpression&>(node));
    case Kind::binary:
      return binary(static_cast<const ast::BinaryExpression&>(node));
    case Kind::logical: {
      auto& logical = static_cast<const ast::LogicalExpression&>(node);
      for (const ast::ExpressionPtr& side : {logical.left, logical.right})
        equal(basic(TypeForm::boolean), expression(*side), place_of(*side));
      return basic(TypeForm::boolean);
    }
    case Kind::conditional: {
      auto& conditional = static_cast<const ast::ConditionalExpression&>(node);
      equal(basic(TypeForm::boolean), expression(*conditional.test), place_of(*conditional.test));
      TypeId consequent = expression(*conditional.consequent);
      equal(consequent, expression(*conditional.alternate), place_of(*conditional.alternate));
      return consequent;
    }
    case Kind::paren:
      return expression(*static_cast<const ast::ParenExpression&>(node).expression);
    default:
      return literal(node);
  }
}

TypeId Inference::literal(const ast::Expression& node) {
  using Kind = ast::ExpressionKind;
  switch (node.kind) {
    case Kind::integer:
      return basic(TypeForm::integer);
    case Kind::unsigned_integer:
      return basic(TypeForm::unsigned_integer);
    case Kind::floating:
      return basic(TypeForm::floating);
    case Kind::string:
    case Kind::label:
      return basic(TypeForm::string);
    case Kind::boolean:
      return basic(TypeForm::boolean);
    case Kind::duration:
      return basic(TypeForm::duration);
    case Kind::date_time:
      return basic(TypeForm::time);
    case Kind::regexp:
      return basic(TypeForm::regexp);
    default:
      return kAny;
  }
}

TypeId Inference::value_of(const ast::Property& property) {
  return property.value ? expression(*property.value) : name(property.key);
}

TypeId Inference::array(const ast::ArrayExpression& node) {
  TypeId element = types_.variable();
  for (const ast::ExpressionPtr& item : node.elements) {
    TypeId type = expression(*item);
    // Rows of array.from() may lack properties, which are then null: beyond InfluxDB.
    element = types_.with_missing_labels(element, type);
    equal(element, types_.with_missing_labels(type, element), place_of(*item));
  }
  return types_.collection(TypeForm::array, element);
}

TypeId Inference::dictionary(const ast::DictionaryExpression& node) {
  TypeId key = types_.variable(), value = types_.variable();
  for (const ast::DictionaryItem& item : node.elements) {
    equal(key, expression(*item.key), place_of(*item.key));
    equal(value, expression(*item.value), place_of(*item.value));
  }
  require(key, kComparable, node.location);
  return types_.dictionary(key, value);
}

TypeId Inference::object(const ast::ObjectExpression& node) {
  TypeId row = TypeTable::empty_record();
  if (node.with) row = expression(*node.with);
  std::vector<TypeId> values;
  for (const ast::Property& property : node.properties) values.push_back(value_of(property));
  for (size_t i = values.size(); i > 0; --i)
    row = types_.record(node.properties[i - 1].key, values[i - 1], row);
  return row;
}

TypeId Inference::function(const ast::FunctionExpression& node) {
  types_.enter_level();
  Frame frame;
  FunctionType type;
  for (const ast::Property& parameter : node.parameters) {
    TypeId variable = types_.variable();
    auto kind = ast::ParameterKind::required;
    if (parameter.value)
      kind = parameter.value->kind == ast::ExpressionKind::pipe ? ast::ParameterKind::pipe
                                                                : ast::ParameterKind::optional;
    type.parameters.push_back({parameter.key, kind, variable});
    frame[parameter.key] = Known{variable, std::nullopt, nullptr};
  }
  frames_.push_back(std::move(frame));
  type.result = node.block ? block(*node.block) : expression(*node.body);
  frames_.pop_back();
  types_.leave_level();
  const std::vector<FunctionParameter> parameters = type.parameters;
  TypeId made = types_.function(std::move(type));
  // A default must fit what the function does with it, but does not bind other calls to its type.
  TypeId copy = kAny;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].kind != ast::ParameterKind::optional) continue;
    TypeId given = expression(*node.parameters[i].value);
    if (copy == kAny) copy = types_.instantiate(made, types_.level());
    if (types_.form(copy) != TypeForm::function) break;  // out of steps
    equal(types_.function_of(copy).parameters[i].type, given, node.location);
  }
  return made;
}

TypeId Inference::block(const ast::Block& block) {
  for (const ast::StatementPtr& item : block.body) {
    if (auto* result = ast::as<ast::ReturnStatement>(*item)) return expression(*result->argument);
    statement(*item);
  }
  return kAny;
}

// ---- Calls ---------------------------------------------------------------------------------

// Without recursion along the pipeline: it may be long.
TypeId Inference::pipeline(const ast::PipeExpression& last) {
  std::vector<const ast::PipeExpression*> calls = {&last};
  while (auto* before = ast::as<ast::PipeExpression>(*calls.back()->argument))
    calls.push_back(before);
  TypeId type = expression(*calls.back()->argument);
  for (size_t i = calls.size(); i > 0; --i)
    type = call(*calls[i - 1]->call, calls[i - 1]->argument.get(), type);
  return type;
}

TypeId Inference::call(const ast::CallExpression& node, const ast::Expression* piped, TypeId pipe) {
  TypeId callee = expression(*node.callee);
  if (types_.form(callee) == TypeForm::function && (!node.arguments || !node.arguments->with))
    return call_function(types_.function_of(callee), node, pipe, piped);
  FunctionType given;
  given.result = types_.variable();
  if (node.arguments) {
    if (node.arguments->with) expression(*node.arguments->with);
    for (const ast::Property& argument : node.arguments->properties)
      given.parameters.push_back({argument.key, ast::ParameterKind::required, value_of(argument)});
    if (node.arguments->with) return kAny;
  }
  if (piped != nullptr) given.parameters.push_back({"", ast::ParameterKind::pipe, pipe});
  if (types_.form(callee) == TypeForm::any) return kAny;
  const TypeId result = given.result;
  equal(callee, types_.function(std::move(given)), node.location);
  return result;
}

// Missing, unknown and duplicate arguments of functions that are known by name are found by the
// checks of names; here they are found for those known by type alone.
TypeId Inference::call_function(FunctionType wanted, const ast::CallExpression& node, TypeId piped,
                                const ast::Expression* pipe) {
  using What = TypeProblem::What;
  struct Passed {
    const FunctionParameter* parameter;
    TypeId type;
    const ast::Location* location;
  };
  std::vector<Passed> passed;
  for (const FunctionParameter& parameter : wanted.parameters)
    if (pipe != nullptr && parameter.kind == ast::ParameterKind::pipe)
      passed.push_back({&parameter, piped, &place_of(*pipe)});
  if (pipe != nullptr && passed.empty()) report(place_of(*pipe), {{.what = What::missing_pipe}});
  if (node.arguments) {
    for (const ast::Property& argument : node.arguments->properties) {
      TypeId given = value_of(argument);
      const ast::Location& location =
          argument.value ? place_of(*argument.value) : argument.key_location;
      auto parameter = std::find_if(wanted.parameters.begin(), wanted.parameters.end(),
                                    [&](const auto& p) { return p.name == argument.key; });
      if (parameter != wanted.parameters.end())
        passed.push_back({&*parameter, given, &location});
      else
        report(location, {{.what = What::unexpected_argument, .name = argument.key}});
    }
  }
  // A call that only this server understands is not judged by what InfluxDB asks of its like.
  if (std::any_of(passed.begin(), passed.end(),
                  [](const Passed& one) { return one.parameter->type == kAny; }))
    return kAny;
  // In InfluxDB's order, which decides at which of two arguments a disagreement is found.
  auto rank = [](const Passed& one) {
    return std::pair(one.parameter->kind == ast::ParameterKind::optional,
                     std::string_view(one.parameter->name));
  };
  std::stable_sort(passed.begin(), passed.end(),
                   [&](const Passed& a, const Passed& b) { return rank(a) < rank(b); });
  for (const Passed& one : passed) {
    TypeProblems problems;
    types_.unify(one.parameter->type, one.type, problems);
    for (TypeProblem& problem : problems)
      problem.contexts.push_back({TypeProblem::Context::Where::argument, one.parameter->name});
    report(*one.location, std::move(problems));
  }
  for (const FunctionParameter& parameter : wanted.parameters) {
    bool given = std::any_of(passed.begin(), passed.end(),
                             [&](const Passed& one) { return one.parameter == &parameter; });
    if (parameter.kind != ast::ParameterKind::optional && !given)
      report(node.location, {{.what = What::missing_argument, .name = parameter.name}});
  }
  return wanted.result;
}

// ---- Members, elements, operators ----------------------------------------------------------

TypeId Inference::member(const ast::MemberExpression& node) {
  const ast::Expression& object = ast::without_parens(*node.object);
  if (auto* identifier = ast::as<ast::Identifier>(object))
    if (const Known* known = find(identifier->name); known != nullptr && known->package != nullptr)
      return member_of(*known->package, node.property);
  TypeId record = expression(*node.object);
  const TypeForm form = types_.form(record);
  if (form == TypeForm::any || form == TypeForm::dynamic) return record;
  TypeId property = types_.variable();
  equal(types_.record(node.property, property, types_.variable()), record, place_of(*node.object));
  return property;
}

TypeId Inference::index(const ast::IndexExpression& node) {
  TypeId container = expression(*node.array);
  TypeId at = expression(*node.index);
  const TypeForm form = types_.form(container);
  if (form == TypeForm::any || form == TypeForm::dynamic) return container;
  equal(basic(TypeForm::integer), at, place_of(*node.index));
  TypeId element = types_.variable();
  equal(types_.collection(TypeForm::array, element), container, place_of(*node.array));
  return element;
}

TypeId Inference::unary(const ast::UnaryExpression& node) {
  TypeId argument = expression(*node.argument);
  switch (node.op) {
    case ast::UnaryOperator::exists:
      return basic(TypeForm::boolean);
    case ast::UnaryOperator::logical_not:
      equal(basic(TypeForm::boolean), argument, place_of(*node.argument));
      return basic(TypeForm::boolean);
    case ast::UnaryOperator::add:
    case ast::UnaryOperator::subtract:
      require(argument, kNegatable, place_of(*node.argument));
      return argument;
  }
  return kAny;
}

TypeId Inference::binary(const ast::BinaryExpression& node) {
  using Operator = ast::BinaryOperator;
  TypeId left = expression(*node.left);
  TypeId right = expression(*node.right);
  auto both = [&](KindSet kinds) {
    require(left, kinds, place_of(*node.left));
    require(right, kinds, place_of(*node.right));
    return basic(TypeForm::boolean);
  };
  switch (node.op) {
    case Operator::add:
      return arithmetic(node, left, right, kAddable);
    case Operator::subtract:
      return arithmetic(node, left, right, kSubtractable);
    case Operator::multiply:
    case Operator::divide:
    case Operator::modulo:
    case Operator::power:
      return arithmetic(node, left, right, kDivisible);
    case Operator::less:
    case Operator::greater:
      return both(kComparable);
    case Operator::less_equal:
    case Operator::greater_equal:
      return both(kEquatable | kComparable);
    case Operator::equal:
    case Operator::not_equal:
      return both(kEquatable);
    case Operator::regexp_match:
    case Operator::regexp_not_match:
      equal(basic(TypeForm::string), left, place_of(*node.left));
      equal(basic(TypeForm::regexp), right, place_of(*node.right));
      return basic(TypeForm::boolean);
  }
  return kAny;
}

TypeId Inference::arithmetic(const ast::BinaryExpression& node, TypeId left, TypeId right,
                             KindSet kind) {
  if (std::optional<TypeId> result = of_times(node.op, left, right)) return *result;
  equal(left, right, place_of(*node.right));
  require(left, kind, node.location);
  return left;
}

// Arithmetic of times and durations, of which InfluxDB has none; nothing if it is not that.
std::optional<TypeId> Inference::of_times(ast::BinaryOperator op, TypeId left, TypeId right) {
  using Operator = ast::BinaryOperator;
  const TypeForm l = types_.form(left), r = types_.form(right);
  auto is_time = [](TypeForm form) { return form == TypeForm::time || form == TypeForm::duration; };
  auto is_open = [](TypeForm form) { return form == TypeForm::any || form == TypeForm::variable; };
  if (!is_time(l) && !is_time(r)) return std::nullopt;
  if (is_open(l) || is_open(r)) return kAny;
  if (op == Operator::multiply) {
    if (l == TypeForm::duration && r == TypeForm::integer) return left;
    if (l == TypeForm::integer && r == TypeForm::duration) return right;
    return std::nullopt;
  }
  if (!is_time(l) || !is_time(r) || (op != Operator::add && op != Operator::subtract))
    return std::nullopt;
  if (l == TypeForm::time && r == TypeForm::time)
    return op == Operator::subtract ? std::optional(basic(TypeForm::duration)) : std::nullopt;
  return l == r ? left : basic(TypeForm::time);
}

}  // namespace

std::vector<SyntaxError> find_type_errors(const ast::Package& package, const Registry& registry) {
  Inference inference(registry);
  for (const ast::FilePtr& file : package.files) inference.file(*file);
  return inference.errors();
}

}  // namespace weir::query::flux
