#include "query/flux/check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "query/flux/infer.h"

namespace weir::query::flux {
namespace {

constexpr size_t kErrorsMax = 50;      // as many as the parser reports
constexpr size_t kArgumentsMax = 256;  // they are matched one with each other; real calls have ten

bool is_before(const SyntaxError& a, const SyntaxError& b) {
  return std::pair(a.location.start.line, a.location.start.column) <
         std::pair(b.location.start.line, b.location.start.column);
}

using Parameters = std::shared_ptr<const std::vector<Parameter>>;

// What is known of a name before the script runs.
struct Known {
  Parameters parameters;             // a function with these
  const Library* package = nullptr;  // an imported package
  bool is_option = false;
  bool is_outer = false;  // extern or library: may be defined again
};

Parameters parameters_of(const ast::FunctionExpression& function) {
  std::vector<Parameter> parameters;
  for (const ast::Property& property : function.parameters) {
    Parameter parameter;
    parameter.name = property.key;
    parameter.pipe = property.value && property.value->kind == ast::ExpressionKind::pipe;
    if (property.value && !parameter.pipe) parameter.kind = ParameterKind::optional;
    parameters.push_back(std::move(parameter));
  }
  return std::make_shared<const std::vector<Parameter>>(std::move(parameters));
}

class Checker {
 public:
  explicit Checker(const Registry& registry)
      : registry_(registry), universe_(registry.find("universe")) {
    frames_.emplace_back();
  }

  void file(const ast::File& file, bool is_last);
  std::vector<SyntaxError> take() {
    std::stable_sort(errors_.begin(), errors_.end(), is_before);
    return std::move(errors_);
  }

 private:
  using Frame = std::unordered_map<std::string, Known>;

  void error(const ast::Location& location, std::string message) {
    if (errors_.size() < kErrorsMax) errors_.push_back({location, std::move(message)});
  }
  const Known* find(const std::string& name) const;
  bool is_defined(const std::string& name) const;
  std::optional<Known> known(const ast::Expression& expression) const;
  void define(const ast::Name& name, Known known);
  void top_statement(const ast::Statement& statement);
  void option(const ast::OptionStatement& statement);
  void expression(const ast::Expression& expression);
  void properties(const std::vector<ast::Property>& properties);
  void function(const ast::FunctionExpression& function);
  void block(const ast::Block& block);
  void member(const ast::MemberExpression& member);
  void call(const ast::CallExpression& call, bool piped);
  void name(const std::string& name, const ast::Location& location);

  const Registry& registry_;
  const Library* universe_;
  std::vector<Frame> frames_;
  std::vector<SyntaxError> errors_;
};

const Known* Checker::find(const std::string& name) const {
  for (size_t i = frames_.size(); i > 0; --i)
    if (auto found = frames_[i - 1].find(name); found != frames_[i - 1].end())
      return &found->second;
  return nullptr;
}

// Names a library's scripts define: they are known only by their syntax.
const ast::VariableAssignment* script_definition(const Library& library, const std::string& name) {
  for (const ast::FilePtr& script : library.scripts)
    for (const ast::StatementPtr& statement : script->body)
      if (auto* variable = ast::as<ast::VariableAssignment>(*statement))
        if (variable->id.text == name) return variable;
  return nullptr;
}

std::optional<Known> member_of(const Library& library, const std::string& name) {
  if (auto found = library.members.find(name); found != library.members.end()) {
    Known known;
    known.is_option = found->second.is_option;
    const Value& value = found->second.binding.value;
    // An option may be replaced by a function of another shape.
    if (value.is(ValueType::function) && !known.is_option)
      known.parameters =
          std::make_shared<const std::vector<Parameter>>(value.as_function().parameters());
    return known;
  }
  if (auto* variable = script_definition(library, name)) {
    Known known;
    if (auto* function = ast::as<ast::FunctionExpression>(*variable->init))
      known.parameters = parameters_of(*function);
    return known;
  }
  for (const ast::FilePtr& script : library.scripts)
    for (const ast::StatementPtr& statement : script->body)
      if (auto* option = ast::as<ast::OptionStatement>(*statement))
        if (auto* variable = ast::as<ast::VariableAssignment>(*option->assignment))
          if (variable->id.text == name) return Known{nullptr, nullptr, true, false};
  return std::nullopt;
}

bool Checker::is_defined(const std::string& name) const {
  return find(name) != nullptr || (universe_ != nullptr && member_of(*universe_, name));
}

std::optional<Known> Checker::known(const ast::Expression& expression) const {
  const ast::Expression& inner = ast::without_parens(expression);
  if (auto* function = ast::as<ast::FunctionExpression>(inner))
    return Known{parameters_of(*function), nullptr, false, false};
  if (auto* identifier = ast::as<ast::Identifier>(inner)) {
    if (const Known* found = find(identifier->name)) return *found;
    return universe_ != nullptr ? member_of(*universe_, identifier->name) : std::nullopt;
  }
  if (auto* member = ast::as<ast::MemberExpression>(inner)) {
    std::optional<Known> object = known(*member->object);
    if (object && object->package != nullptr) return member_of(*object->package, member->property);
  }
  return std::nullopt;
}

void Checker::define(const ast::Name& name, Known known) {
  auto [place, added] = frames_.back().try_emplace(name.text, known);
  if (added) return;
  if (!place->second.is_outer && place->second.package == nullptr)
    error(name.location, "variable \"" + name.text + "\" is assigned more than once");
  place->second = std::move(known);
}

// ---- Statements ----------------------------------------------------------------------------

void Checker::file(const ast::File& file, bool is_last) {
  for (const ast::ImportDeclaration& import : file.imports) {
    const Library* library = registry_.find(import.path);
    if (library == nullptr) {
      error(import.location, "invalid import path " + import.path);
      continue;
    }
    std::string as = import.as.text.empty() ? std::string(library->name()) : import.as.text;
    frames_.back()[as] = Known{nullptr, library, false, true};
  }
  for (const ast::StatementPtr& statement : file.body) top_statement(*statement);
  // What earlier files (`extern`) define, the script may define again.
  if (!is_last)
    for (auto& [text, known] : frames_.back()) known.is_outer = true;
}

void Checker::top_statement(const ast::Statement& statement) {
  if (auto* variable = ast::as<ast::VariableAssignment>(statement)) {
    expression(*variable->init);
    Known value = known(*variable->init).value_or(Known{});
    value.is_option = value.is_outer = false;
    define(variable->id, std::move(value));
  } else if (auto* option_statement = ast::as<ast::OptionStatement>(statement)) {
    option(*option_statement);
  } else if (auto* expression_statement = ast::as<ast::ExpressionStatement>(statement)) {
    expression(*expression_statement->expression);
  } else if (auto* builtin = ast::as<ast::BuiltinStatement>(statement)) {
    if (universe_ == nullptr || !member_of(*universe_, builtin->id.text))
      error(builtin->location, "builtin " + builtin->id.text + " is not known");
  } else if (statement.kind == ast::StatementKind::return_value) {
    error(statement.location, "return statement is allowed in a function only");
  }
}

void Checker::option(const ast::OptionStatement& statement) {
  if (auto* qualified = ast::as<ast::MemberAssignment>(*statement.assignment)) {
    expression(*qualified->init);
    std::optional<Known> object = known(*qualified->member->object);
    const std::string& property = qualified->member->property;
    if (!object || object->package == nullptr) {
      expression(*qualified->member->object);
    } else if (auto found = member_of(*object->package, property); !found || !found->is_option) {
      error(qualified->location,
            "undefined option " + property + " in package " + std::string(object->package->name()));
    }
    return;
  }
  auto* variable = ast::as<ast::VariableAssignment>(*statement.assignment);
  expression(*variable->init);
  const Known* before = find(variable->id.text);
  if (before != nullptr && !before->is_outer)
    error(variable->id.location, "option \"" + variable->id.text + "\" is assigned more than once");
  frames_.back()[variable->id.text] = Known{nullptr, nullptr, true, false};
}

void Checker::block(const ast::Block& block) {
  bool returned = false;
  for (const ast::StatementPtr& item : block.body) {
    if (auto* variable = ast::as<ast::VariableAssignment>(*item)) {
      expression(*variable->init);
      Known value = known(*variable->init).value_or(Known{});
      value.is_option = value.is_outer = false;
      define(variable->id, std::move(value));
    } else if (auto* statement = ast::as<ast::ExpressionStatement>(*item)) {
      expression(*statement->expression);
    } else if (auto* result = ast::as<ast::ReturnStatement>(*item)) {
      expression(*result->argument);
      returned = true;
    } else {
      error(item->location, "statement is not allowed in a function");
    }
  }
  if (!returned) error(block.location, "missing return statement in block");
}

// ---- Expressions ---------------------------------------------------------------------------

void Checker::name(const std::string& name, const ast::Location& location) {
  if (!is_defined(name)) error(location, "undefined identifier " + name);
}

void Checker::properties(const std::vector<ast::Property>& list) {
  for (const ast::Property& property : list) {
    if (property.value)
      expression(*property.value);
    else
      name(property.key, property.key_location);
  }
}

void Checker::function(const ast::FunctionExpression& function) {
  if (function.parameters.size() > kArgumentsMax)
    return error(function.location, "function has too many parameters: wanted at most " +
                                        std::to_string(kArgumentsMax));
  int pipes = 0;
  for (const ast::Property& parameter : function.parameters) {
    if (!parameter.value) continue;
    if (parameter.value->kind != ast::ExpressionKind::pipe)
      expression(*parameter.value);
    else if (++pipes > 1)
      error(parameter.location, "function types can have at most one pipe parameter");
  }
  frames_.emplace_back();
  for (const ast::Property& parameter : function.parameters)
    frames_.back()[parameter.key] = Known{};
  if (function.block)
    block(*function.block);
  else
    expression(*function.body);
  frames_.pop_back();
}

void Checker::member(const ast::MemberExpression& member) {
  std::optional<Known> object = known(*member.object);
  expression(*member.object);
  if (object && object->package != nullptr && !member_of(*object->package, member.property))
    error(member.location,
          "package " + std::string(object->package->name()) + " has no member " + member.property);
}

void Checker::call(const ast::CallExpression& call, bool piped) {
  expression(*call.callee);
  std::vector<std::string> given;
  if (call.arguments && call.arguments->properties.size() > kArgumentsMax)
    return error(call.location,
                 "call has too many arguments: wanted at most " + std::to_string(kArgumentsMax));
  if (call.arguments) {
    properties(call.arguments->properties);
    for (const ast::Property& argument : call.arguments->properties) {
      if (std::find(given.begin(), given.end(), argument.key) != given.end())
        error(argument.location, "found duplicate argument " + argument.key);
      given.push_back(argument.key);
    }
    if (call.arguments->with) return expression(*call.arguments->with);
  }
  std::optional<Known> target = known(*call.callee);
  if (!target || !target->parameters) return;
  auto is_given = [&](const Parameter& parameter) {
    return std::find(given.begin(), given.end(), parameter.name) != given.end();
  };
  bool pipe_found = false;
  for (const Parameter& parameter : *target->parameters) {
    bool from_pipe = piped && parameter.pipe;
    pipe_found = pipe_found || parameter.pipe;
    if (from_pipe && is_given(parameter))
      error(call.location, "found duplicate argument " + parameter.name);
    if (!from_pipe && !is_given(parameter) && parameter.kind == ParameterKind::required)
      error(call.location, "missing required argument " + parameter.name);
  }
  if (piped && !pipe_found) error(call.location, "missing pipe argument");
  for (size_t i = 0; i < given.size(); ++i) {
    bool wanted = std::any_of(target->parameters->begin(), target->parameters->end(),
                              [&](const Parameter& p) { return p.name == given[i]; });
    if (!wanted)
      error(call.arguments->properties[i].location, "found unexpected argument " + given[i]);
  }
}

void Checker::expression(const ast::Expression& node) {
  if (auto* identifier = ast::as<ast::Identifier>(node)) {
    name(identifier->name, node.location);
  } else if (auto* text = ast::as<ast::StringExpression>(node)) {
    for (const ast::StringPart& part : text->parts)
      if (part.expression) expression(*part.expression);
  } else if (auto* array = ast::as<ast::ArrayExpression>(node)) {
    for (const ast::ExpressionPtr& element : array->elements) expression(*element);
  } else if (auto* dictionary = ast::as<ast::DictionaryExpression>(node)) {
    for (const ast::DictionaryItem& item : dictionary->elements) {
      expression(*item.key);
      expression(*item.value);
    }
  } else if (auto* object = ast::as<ast::ObjectExpression>(node)) {
    if (object->with) expression(*object->with);
    properties(object->properties);
  } else if (auto* lambda = ast::as<ast::FunctionExpression>(node)) {
    function(*lambda);
  } else if (auto* called = ast::as<ast::CallExpression>(node)) {
    call(*called, false);
  } else if (auto* pipe = ast::as<ast::PipeExpression>(node)) {
    expression(*pipe->argument);
    call(*pipe->call, true);
  } else if (auto* access = ast::as<ast::MemberExpression>(node)) {
    member(*access);
  } else if (auto* index = ast::as<ast::IndexExpression>(node)) {
    expression(*index->array);
    expression(*index->index);
  } else if (auto* unary = ast::as<ast::UnaryExpression>(node)) {
    expression(*unary->argument);
  } else if (auto* binary = ast::as<ast::BinaryExpression>(node)) {
    expression(*binary->left);
    expression(*binary->right);
  } else if (auto* logical = ast::as<ast::LogicalExpression>(node)) {
    expression(*logical->left);
    expression(*logical->right);
  } else if (auto* conditional = ast::as<ast::ConditionalExpression>(node)) {
    expression(*conditional->test);
    expression(*conditional->consequent);
    expression(*conditional->alternate);
  } else if (auto* paren = ast::as<ast::ParenExpression>(node)) {
    expression(*paren->expression);
  } else if (node.kind == ast::ExpressionKind::pipe) {
    error(node.location, "pipe literal is allowed only as the default of a parameter");
  }
}

}  // namespace

std::vector<SyntaxError> find_errors(const ast::Package& package, const Registry& registry) {
  Checker checker(registry);
  for (const ast::FilePtr& file : package.files) checker.file(*file, file == package.files.back());
  std::vector<SyntaxError> errors = checker.take();
  const size_t names = errors.size();
  for (SyntaxError& found : find_type_errors(package, registry)) {
    // A wrong argument is noticed by both, at the call or at the argument.
    bool known = std::any_of(errors.begin(), errors.begin() + static_cast<ptrdiff_t>(names),
                             [&](const SyntaxError& other) {
                               return other.message == found.message &&
                                      other.location.start.line <= found.location.start.line &&
                                      other.location.end.line >= found.location.end.line;
                             });
    if (!known && errors.size() < kErrorsMax) errors.push_back(std::move(found));
  }
  std::stable_sort(errors.begin(), errors.end(), is_before);
  return errors;
}

Result<void> check(const ast::Package& package, const Registry& registry) {
  std::vector<SyntaxError> errors = find_errors(package, registry);
  if (errors.empty()) return {};
  return compilation_error(errors);
}

}  // namespace weir::query::flux
