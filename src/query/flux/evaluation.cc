#include "query/flux/evaluation.h"

#include "query/flux/dynamic.h"
#include "query/flux/operators.h"
#include "query/flux/parser.h"

namespace weir::query::flux {
namespace {

constexpr uint64_t kStepsBetweenChecks = 1024;

// The name a call is known by in messages: f(...), package.f(...).
std::string callee_name(const ast::Expression& callee) {
  if (auto* identifier = ast::as<ast::Identifier>(callee)) return identifier->name;
  if (auto* member = ast::as<ast::MemberExpression>(callee)) return member->property;
  return "<anonymous>";
}

Error invalid(std::string message) { return {Errc::invalid, std::move(message)}; }

// A native function's parameter accepts what its signature says, and null.
Result<void> check_type(const Parameter& parameter, const Value& value) {
  if (value.is_null() || (parameter.types & type_bit(value.type())) != 0) return {};
  std::string wanted;
  for (int i = 0; i <= static_cast<int>(ValueType::extension); ++i) {
    auto type = static_cast<ValueType>(i);
    if (type == ValueType::package || (parameter.types & type_bit(type)) == 0) continue;
    wanted += (wanted.empty() ? "" : " or ") + std::string(to_string(type));
  }
  return invalid("argument \"" + parameter.name + "\": got " + std::string(value.type_name()) +
                 ", wanted " + wanted);
}

// A member of a dynamic is dynamic; a dynamic null if there is none.
Value dynamic_member(const Value& container, std::string_view name) {
  const Value& inner = container.unwrapped();
  const Value* found = inner.is(ValueType::record) ? inner.as_record().find(name) : nullptr;
  return make_dynamic(found != nullptr ? *found : Value());
}

Result<Value> dynamic_element(const Value& container, const Value& at) {
  if (at.is(ValueType::string)) return dynamic_member(container, at.as_string());
  if (!at.is(ValueType::integer))
    return invalid("cannot index a dynamic with " + std::string(at.type_name()));
  const Value& inner = container.unwrapped();
  bool inside = inner.is(ValueType::array) && at.as_int() >= 0 &&
                static_cast<uint64_t>(at.as_int()) < inner.as_array().size();
  return make_dynamic(inside ? inner.as_array()[static_cast<size_t>(at.as_int())] : Value());
}

}  // namespace

ScopePtr Evaluation::bind(ScopePtr scope, Binding binding) {
  std::vector<Binding> bindings;
  bindings.push_back(std::move(binding));
  return std::make_shared<const Scope>(std::move(bindings), std::move(scope));
}

Error Evaluation::placed(Error error, const ast::Location& location) {
  bool has_place =
      error.message.starts_with("error @") || error.message.starts_with("error calling function");
  if (!has_place && location.start.line > 0) error.message = describe(location, error.message);
  return error;
}

Result<void> Evaluation::step() {
  uint64_t steps = ++interpreter_.steps_;
  if (steps > interpreter_.limits_.steps_max)
    return invalid("query evaluates too many expressions: wanted at most " +
                   std::to_string(interpreter_.limits_.steps_max));
  if (steps % kStepsBetweenChecks == 0 && interpreter_.limits_.check)
    return interpreter_.limits_.check();
  return {};
}

Result<Value> Evaluation::made(Value value) {
  const EvaluationLimits& limits = interpreter_.limits_;
  Value::Extent extent = value.extent();
  if (extent.depth > limits.value_depth_max || extent.values > limits.values_max)
    return invalid("value is too large: wanted at most " + std::to_string(limits.value_depth_max) +
                   " levels and " + std::to_string(limits.values_max) + " values");
  size_t bytes = 0;
  if (value.is(ValueType::string)) bytes = value.as_string().size();
  if (value.is(ValueType::array)) bytes = value.as_array().size() * sizeof(Value);
  if (bytes <= kLargeValueBytes) return value;
  interpreter_.large_bytes_ += bytes;
  if (interpreter_.large_bytes_ > limits.large_bytes_max)
    return Error{Errc::too_large, "query makes too many large strings and arrays: wanted at most " +
                                      std::to_string(limits.large_bytes_max) + " bytes"};
  return value;
}

// ---- Statements ----------------------------------------------------------------------------

Result<void> Evaluation::statement(const ast::Statement& statement, ScopePtr& scope,
                                   PackageScope* package) {
  if (auto* assignment = ast::as<ast::VariableAssignment>(statement)) {
    WEIR_TRY(Value value, expression(*assignment->init, scope));
    Binding binding{assignment->id.text, std::move(value), nullptr};
    if (package != nullptr) package->set(binding);
    scope = bind(std::move(scope), std::move(binding));
    return {};
  }
  if (auto* option_statement = ast::as<ast::OptionStatement>(statement))
    return option(*option_statement, scope, package);
  if (auto* expression_statement = ast::as<ast::ExpressionStatement>(statement)) {
    const ast::Expression& tree = *expression_statement->expression;
    WEIR_TRY(Value value, expression(tree, scope));
    if (package != nullptr) return {};
    Result<void> taken = interpreter_.host_.on_expression(value, tree);
    if (!taken.ok()) return placed(std::move(taken).error(), tree.location);
    return {};
  }
  if (statement.kind == ast::StatementKind::builtin ||
      statement.kind == ast::StatementKind::testcase)
    return {};  // declares what the registry already has; test cases run under a test harness only
  return placed(invalid("statement is not allowed here"), statement.location);
}

Result<void> Evaluation::option(const ast::OptionStatement& statement, ScopePtr& scope,
                                PackageScope* package) {
  if (auto* qualified = ast::as<ast::MemberAssignment>(*statement.assignment))
    return qualified_option(*qualified, scope);
  auto* assignment = ast::as<ast::VariableAssignment>(*statement.assignment);
  WEIR_TRY(Value value, expression(*assignment->init, scope));
  // An option the script or the universe already has is replaced; closures see the new value.
  for (const Scope* at = scope.get(); at != nullptr; at = at->parent.get())
    for (const Binding& known : at->bindings)
      if (known.name == assignment->id.text && known.option) {
        known.option->value = std::move(value);
        return {};
      }
  const Binding* universal =
      interpreter_.universe_ ? interpreter_.universe_->find(assignment->id.text) : nullptr;
  if (universal != nullptr && universal->option) {
    universal->option->value = std::move(value);
    scope = bind(std::move(scope), *universal);
    return {};
  }
  auto cell = std::make_shared<OptionCell>(OptionCell{std::move(value)});
  interpreter_.cells_.push_back(cell);
  Binding binding{assignment->id.text, Value(), std::move(cell)};
  if (package != nullptr) package->set(binding);
  scope = bind(std::move(scope), std::move(binding));
  return {};
}

Result<void> Evaluation::qualified_option(const ast::MemberAssignment& assignment,
                                          const ScopePtr& scope) {
  WEIR_TRY(Value package, expression(*assignment.member->object, scope));
  const std::string& name = assignment.member->property;
  const Binding* binding =
      package.is(ValueType::package) ? package.as_package().find(name) : nullptr;
  if (binding == nullptr || !binding->option)
    return placed(invalid("option " + name + " is not defined in that package"),
                  assignment.location);
  WEIR_TRY(binding->option->value, expression(*assignment.init, scope));
  return {};
}

Result<Value> Evaluation::block(const ast::Block& block, ScopePtr scope) {
  for (const ast::StatementPtr& item : block.body) {
    if (auto* returned = ast::as<ast::ReturnStatement>(*item))
      return expression(*returned->argument, scope);
    if (auto* assignment = ast::as<ast::VariableAssignment>(*item)) {
      WEIR_TRY(Value value, expression(*assignment->init, scope));
      scope = bind(std::move(scope), {assignment->id.text, std::move(value), nullptr});
    } else if (auto* statement = ast::as<ast::ExpressionStatement>(*item)) {
      WEIR_CHECK(expression(*statement->expression, scope));
    } else {
      return placed(invalid("statement is not allowed in a function"), item->location);
    }
  }
  return placed(invalid("missing return statement in block"), block.location);
}

// ---- Expressions ---------------------------------------------------------------------------

Result<Value> Evaluation::expression(const ast::Expression& expression, const ScopePtr& scope) {
  WEIR_CHECK(step());
  if (interpreter_.expression_depth_ >= interpreter_.limits_.expression_depth_max)
    return invalid("expressions are nested too deeply, through function calls: wanted at most " +
                   std::to_string(interpreter_.limits_.expression_depth_max) + " levels");
  ++interpreter_.expression_depth_;
  Result<Value> value = dispatch(expression, scope);
  --interpreter_.expression_depth_;
  if (!value.ok()) return placed(std::move(value).error(), expression.location);
  return value;
}

Result<Value> Evaluation::dispatch(const ast::Expression& node, const ScopePtr& scope) {
  using Kind = ast::ExpressionKind;
  switch (node.kind) {
    case Kind::identifier:
      return identifier(static_cast<const ast::Identifier&>(node), scope);
    case Kind::integer:
      return Value::of_int(static_cast<const ast::IntegerLiteral&>(node).value);
    case Kind::unsigned_integer:
      return Value::of_uint(static_cast<const ast::UnsignedIntegerLiteral&>(node).value);
    case Kind::floating:
      return Value::of_float(static_cast<const ast::FloatLiteral&>(node).value);
    case Kind::string:
      return Value::of_string(static_cast<const ast::StringLiteral&>(node).value);
    case Kind::boolean:
      return Value::of_bool(static_cast<const ast::BooleanLiteral&>(node).value);
    case Kind::date_time:
      return Value::of_time(static_cast<const ast::DateTimeLiteral&>(node).value_ns());
    case Kind::regexp:
      return compile_regexp(static_cast<const ast::RegexpLiteral&>(node).pattern);
    case Kind::label:
      return Value::of_string(static_cast<const ast::LabelLiteral&>(node).name);
    case Kind::duration: {
      WEIR_TRY(Duration sum, duration_of(static_cast<const ast::DurationLiteral&>(node)));
      return Value::of_duration(sum);
    }
    case Kind::string_expression:
      return string_expression(static_cast<const ast::StringExpression&>(node), scope);
    case Kind::array:
      return array(static_cast<const ast::ArrayExpression&>(node), scope);
    case Kind::dictionary:
      return dictionary(static_cast<const ast::DictionaryExpression&>(node), scope);
    case Kind::object:
      return object(static_cast<const ast::ObjectExpression&>(node), scope);
    case Kind::function: {
      auto& tree = static_cast<const ast::FunctionExpression&>(node);
      return Value::of_function(std::make_shared<const Function>(tree.shared_from_this(), scope));
    }
    case Kind::call:
      return call_expression(static_cast<const ast::CallExpression&>(node), scope, nullptr);
    case Kind::pipe_call: {
      auto& pipe = static_cast<const ast::PipeExpression&>(node);
      WEIR_TRY(Value piped, expression(*pipe.argument, scope));
      return call_expression(*pipe.call, scope, &piped);
    }
    case Kind::member:
      return member(static_cast<const ast::MemberExpression&>(node), scope);
    case Kind::index:
      return index(static_cast<const ast::IndexExpression&>(node), scope);
    case Kind::unary: {
      auto& unary = static_cast<const ast::UnaryExpression&>(node);
      WEIR_TRY(Value argument, expression(*unary.argument, scope));
      return apply(unary.op, argument);
    }
    case Kind::binary: {
      auto& binary = static_cast<const ast::BinaryExpression&>(node);
      WEIR_TRY(Value left, expression(*binary.left, scope));
      WEIR_TRY(Value right, expression(*binary.right, scope));
      WEIR_TRY(Value result, apply(binary.op, left, right));
      return made(std::move(result));
    }
    case Kind::logical:
      return logical(static_cast<const ast::LogicalExpression&>(node), scope);
    case Kind::conditional:
      return conditional(static_cast<const ast::ConditionalExpression&>(node), scope);
    case Kind::paren:
      return expression(*static_cast<const ast::ParenExpression&>(node).expression, scope);
    case Kind::pipe:
      return invalid("pipe literal is allowed only as the default of a parameter");
    case Kind::bad:
      return invalid("invalid expression");
  }
  return invalid("invalid expression");
}

Result<Value> Evaluation::identifier(const ast::Identifier& identifier, const ScopePtr& scope) {
  if (const Value* found = interpreter_.lookup(scope, identifier.name)) return *found;
  return invalid("undefined identifier " + identifier.name);
}

Result<Value> Evaluation::string_expression(const ast::StringExpression& node,
                                            const ScopePtr& scope) {
  std::string text;
  for (const ast::StringPart& part : node.parts) {
    if (!part.expression) {
      text += part.text;
      continue;
    }
    WEIR_TRY(Value value, expression(*part.expression, scope));
    Result<std::string> piece = to_text(value);
    if (!piece.ok())
      return placed(
          invalid("cannot interpolate " + std::string(value.type_name()) + " into a string"),
          part.expression->location);
    text += *piece;
  }
  return made(Value::of_string(std::move(text)));
}

Result<Value> Evaluation::array(const ast::ArrayExpression& node, const ScopePtr& scope) {
  Array elements;
  elements.reserve(node.elements.size());
  ValueType type = ValueType::null;
  for (const ast::ExpressionPtr& item : node.elements) {
    WEIR_TRY(Value value, expression(*item, scope));
    if (type == ValueType::null) type = value.type();
    if (!value.is_null() && value.type() != type)
      return placed(invalid("expected " + std::string(to_string(type)) + " but found " +
                            std::string(value.type_name()) + " in array"),
                    item->location);
    elements.push_back(std::move(value));
  }
  return made(Value::of_array(std::move(elements)));
}

Result<Value> Evaluation::dictionary(const ast::DictionaryExpression& node, const ScopePtr& scope) {
  Dictionary items;
  for (const ast::DictionaryItem& item : node.elements) {
    WEIR_TRY(Value key, expression(*item.key, scope));
    WEIR_TRY(Value value, expression(*item.value, scope));
    bool basic = key.type() >= ValueType::boolean && key.type() <= ValueType::duration;
    if (!basic || (!items.empty() && items.begin()->first.type() != key.type()))
      return placed(
          invalid("dictionary keys must be of one basic type, got " + std::string(key.type_name())),
          item.key->location);
    items.insert_or_assign(std::move(key), std::move(value));
  }
  return made(Value::of_dictionary(std::move(items)));
}

// The value of `key: value`, or of the name `key` alone.
Result<Value> Evaluation::property(const ast::Property& property, const ScopePtr& scope) {
  if (property.value) return expression(*property.value, scope);
  if (const Value* found = interpreter_.lookup(scope, property.key)) return *found;
  return placed(invalid("undefined identifier " + property.key), property.key_location);
}

Result<Value> Evaluation::object(const ast::ObjectExpression& node, const ScopePtr& scope) {
  Record record;
  if (node.with) {
    WEIR_TRY(Value base, expression(*node.with, scope));
    if (!base.is(ValueType::record))
      return invalid("cannot extend " + std::string(base.type_name()) + ", wanted a record");
    record = base.as_record();
  }
  for (const ast::Property& item : node.properties) {
    WEIR_TRY(Value value, property(item, scope));
    record.set(item.key, std::move(value));
  }
  return made(Value::of_record(std::move(record)));
}

Result<Value> Evaluation::member(const ast::MemberExpression& node, const ScopePtr& scope) {
  // A record's property without a copy of the record: the common case of row functions.
  const Value* known = nullptr;
  if (auto* name = ast::as<ast::Identifier>(*node.object))
    known = interpreter_.lookup(scope, name->name);
  Value computed;
  if (known == nullptr) {
    WEIR_TRY(computed, expression(*node.object, scope));
    known = &computed;
  }
  if (is_dynamic(*known)) return dynamic_member(*known, node.property);
  if (known->is(ValueType::record)) {
    const Value* found = known->as_record().find(node.property);
    return found != nullptr ? *found : Value();
  }
  if (known->is(ValueType::package)) {
    const Binding* found = known->as_package().find(node.property);
    if (found != nullptr) return found->get();
    return invalid("undefined identifier " + node.property);
  }
  return invalid("cannot access property " + node.property + " of " +
                 std::string(known->type_name()));
}

Result<Value> Evaluation::index(const ast::IndexExpression& node, const ScopePtr& scope) {
  WEIR_TRY(Value container, expression(*node.array, scope));
  WEIR_TRY(Value at, expression(*node.index, scope));
  if (is_dynamic(container)) return dynamic_element(container, at);
  if (container.is(ValueType::record) && at.is(ValueType::string)) {
    const Value* found = container.as_record().find(at.as_string());
    return found != nullptr ? *found : Value();
  }
  if (!container.is(ValueType::array))
    return invalid("cannot index " + std::string(container.type_name()) + ", wanted an array");
  if (!at.is(ValueType::integer))
    return invalid("cannot index an array with " + std::string(at.type_name()) + ", wanted int");
  const Array& elements = container.as_array();
  int64_t position = at.as_int();
  if (position < 0 || static_cast<uint64_t>(position) >= elements.size())
    return invalid("cannot access element " + std::to_string(position) + " of array of length " +
                   std::to_string(elements.size()));
  return elements[static_cast<size_t>(position)];
}

Result<Value> Evaluation::logical(const ast::LogicalExpression& node, const ScopePtr& scope) {
  WEIR_TRY(Value left, expression(*node.left, scope));
  bool decides = node.op == ast::LogicalOperator::logical_or;
  if (left.is(ValueType::boolean) && left.as_bool() == decides) return left;
  WEIR_TRY(Value right, expression(*node.right, scope));
  return apply(node.op, left, right);
}

Result<Value> Evaluation::conditional(const ast::ConditionalExpression& node,
                                      const ScopePtr& scope) {
  WEIR_TRY(Value test, expression(*node.test, scope));
  if (!test.is_null() && !test.is(ValueType::boolean))
    return placed(invalid("expected bool but found " + std::string(test.type_name()) +
                          " in the test of a conditional"),
                  node.test->location);
  bool holds = !test.is_null() && test.as_bool();
  return expression(holds ? *node.consequent : *node.alternate, scope);
}

// ---- Calls ---------------------------------------------------------------------------------

Result<Value> Evaluation::call_expression(const ast::CallExpression& node, const ScopePtr& scope,
                                          const Value* piped) {
  WEIR_TRY(Value callee, expression(*node.callee, scope));
  if (!callee.is(ValueType::function))
    return placed(invalid("cannot call " + std::string(callee.type_name()) + ", wanted a function"),
                  node.callee->location);
  std::vector<NamedValue> arguments;
  Value extended;
  if (node.arguments) {
    if (node.arguments->with) {
      WEIR_TRY(extended, expression(*node.arguments->with, scope));
      if (!extended.is(ValueType::record)) return invalid("arguments must be a record");
      for (const auto& [name, value] : extended.as_record().properties())
        arguments.push_back({name, value});
    }
    for (const ast::Property& item : node.arguments->properties) {
      WEIR_TRY(Value value, property(item, scope));
      arguments.push_back({item.key, std::move(value)});
    }
  }
  std::shared_ptr<const Function> function = callee.function();
  Result<Value> value = call(*function, arguments, piped, node.location);
  if (value.ok()) return value;
  return std::move(value).error().with_context("error calling function \"" +
                                               callee_name(*node.callee) + "\" " +
                                               ast::to_string(node.location));
}

Result<Value> Evaluation::call(const Function& function, std::span<const NamedValue> arguments,
                               const Value* piped, const ast::Location& location) {
  if (interpreter_.call_depth_ >= interpreter_.limits_.call_depth_max)
    return invalid("functions call each other too deeply: wanted at most " +
                   std::to_string(interpreter_.limits_.call_depth_max) + " levels");
  if (piped != nullptr && function.pipe_parameter() == nullptr)
    return invalid("function does not take a pipe argument");
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Parameter* parameter = function.find_parameter(arguments[i].name);
    if (parameter == nullptr)
      return invalid("found unexpected argument " + std::string(arguments[i].name));
    bool twice = piped != nullptr && parameter->pipe;
    for (size_t k = 0; k < i; ++k) twice = twice || arguments[k].name == arguments[i].name;
    if (twice) return invalid("found duplicate argument " + std::string(arguments[i].name));
  }
  ++interpreter_.call_depth_;
  Result<Value> value = function.native() != nullptr
                            ? call_native(function, arguments, piped, location)
                            : call_closure(function, arguments, piped);
  --interpreter_.call_depth_;
  return value;
}

Result<Value> Evaluation::call_closure(const Function& function,
                                       std::span<const NamedValue> arguments, const Value* piped) {
  const ast::FunctionExpression& tree = *function.expression();
  std::vector<Binding> frame;
  frame.reserve(function.parameters().size());
  for (size_t i = 0; i < function.parameters().size(); ++i) {
    const Parameter& parameter = function.parameters()[i];
    Binding binding;
    binding.name = parameter.name;
    const NamedValue* given = nullptr;
    for (const NamedValue& argument : arguments)
      if (argument.name == parameter.name) given = &argument;
    if (given != nullptr) {
      binding.value = given->value;
    } else if (piped != nullptr && parameter.pipe) {
      binding.value = *piped;
    } else if (parameter.kind == ParameterKind::optional) {
      WEIR_TRY(binding.value, expression(*tree.parameters[i].value, function.scope()));
    } else {
      return invalid("missing required " + std::string(parameter.pipe ? "pipe " : "") +
                     "argument " + parameter.name);
    }
    frame.push_back(std::move(binding));
  }
  auto scope = std::make_shared<const Scope>(std::move(frame), function.scope());
  return tree.block ? block(*tree.block, std::move(scope)) : expression(*tree.body, scope);
}

Result<Value> Evaluation::call_native(const Function& function,
                                      std::span<const NamedValue> arguments, const Value* piped,
                                      const ast::Location& location) {
  const NativeDefinition& native = *function.native();
  std::vector<Value> values(native.parameters.size());
  std::vector<bool> given(native.parameters.size(), false);
  for (size_t i = 0; i < native.parameters.size(); ++i) {
    const Parameter& parameter = native.parameters[i];
    for (const NamedValue& argument : arguments)
      if (argument.name == parameter.name) values[i] = argument.value, given[i] = true;
    if (piped != nullptr && parameter.pipe) values[i] = *piped, given[i] = true;
    if (!given[i] && parameter.kind != ParameterKind::optional)
      return invalid("missing required " + std::string(parameter.pipe ? "pipe " : "") +
                     "argument " + parameter.name);
    WEIR_CHECK(check_type(parameter, values[i]));
  }
  CallContext context(interpreter_, location);
  WEIR_TRY(Value result,
           native.function(context, Arguments(native, std::move(values), std::move(given))));
  return made(std::move(result));
}

}  // namespace weir::query::flux
