#include "query/flux/interpreter.h"

#include "query/flux/check.h"
#include "query/flux/evaluation.h"

namespace weir::query::flux {

// ---- Packages ------------------------------------------------------------------------------

PackageScope::PackageScope(const Library& library) : library_(library) {}

const Binding* PackageScope::find(std::string_view name) const {
  if (auto own = own_.find(name); own != own_.end()) return &own->second;
  auto member = library_.members.find(name);
  return member == library_.members.end() ? nullptr : &member->second.binding;
}

void PackageScope::set(Binding binding) {
  std::string name = binding.name;
  own_.insert_or_assign(std::move(name), std::move(binding));
}

Result<std::shared_ptr<PackageScope>> Interpreter::import_package(std::string_view path) {
  if (auto known = imported_.find(path); known != imported_.end()) return known->second;
  const Library* library = registry_.find(path);
  if (library == nullptr) return Error{Errc::invalid, "invalid import path " + std::string(path)};
  has_effects_ = has_effects_ || library->has_effects;
  auto package = std::make_shared<PackageScope>(*library);
  for (const auto& [name, member] : library->members) {
    if (!member.is_option) continue;
    auto cell = std::make_shared<OptionCell>(OptionCell{member.binding.value});
    cells_.push_back(cell);
    package->set({name, Value(), std::move(cell)});
  }
  // Entered before its scripts run: a package that imports itself sees what there is, and ends.
  imported_.emplace(std::string(path), package);
  if (path == "universe") universe_ = package;
  ScopePtr scope;
  if (!library->scripts.empty() && path != "universe") {
    // A package's scripts see its own members by their plain names.
    std::vector<Binding> members;
    for (const auto& [name, member] : library->members) members.push_back(*package->find(name));
    scope = std::make_shared<const Scope>(std::move(members), nullptr);
  }
  for (const ast::FilePtr& script : library->scripts)
    WEIR_CHECK(run_file(*script, scope, package.get()));
  return package;
}

// ---- Interpreter ---------------------------------------------------------------------------

Interpreter::Interpreter(const Registry& registry, Host& host, int64_t now_ns,
                         EvaluationLimits limits)
    : registry_(registry), host_(host), default_now_ns_(now_ns), limits_(std::move(limits)) {
  if (registry.find("universe") == nullptr) return;
  Result<std::shared_ptr<PackageScope>> universe = import_package("universe");
  WEIR_ASSERT(universe.ok(), "the universe's own scripts fail");
}

Interpreter::~Interpreter() {
  for (const std::shared_ptr<OptionCell>& cell : cells_) cell->value = Value();
}

Result<void> Interpreter::run(const ast::Package& package) {
  WEIR_CHECK(check(package, registry_));
  for (const ast::FilePtr& file : package.files) WEIR_CHECK(run_file(*file, main_scope_, nullptr));
  return {};
}

Result<void> Interpreter::run_file(const ast::File& file, ScopePtr& scope, PackageScope* package) {
  Evaluation evaluation(*this);
  for (const ast::ImportDeclaration& import : file.imports) {
    Result<std::shared_ptr<PackageScope>> imported = import_package(import.path);
    if (!imported.ok()) return evaluation.placed(std::move(imported).error(), import.location);
    std::string name = import.as.text.empty() ? std::string((*imported)->name()) : import.as.text;
    scope = evaluation.bind(scope, {std::move(name), Value::of_package(*imported), nullptr});
  }
  for (const ast::StatementPtr& statement : file.body)
    WEIR_CHECK(evaluation.statement(*statement, scope, package));
  return {};
}

Result<Value> Interpreter::call(const Function& function, std::span<const NamedValue> arguments,
                                const ast::Location& location) {
  return Evaluation(*this).call(function, arguments, nullptr, location);
}

Result<Value> Interpreter::call_piped(const Function& function, Value piped,
                                      std::span<const NamedValue> arguments,
                                      const ast::Location& location) {
  return Evaluation(*this).call(function, arguments, &piped, location);
}

Result<Value> Interpreter::evaluate(const ast::Expression& expression, const ScopePtr& scope) {
  return Evaluation(*this).expression(expression, scope);
}

const Value* Interpreter::lookup(const ScopePtr& scope, std::string_view name) const {
  if (const Value* found = flux::find(scope, name)) return found;
  const Binding* binding = universe_ ? universe_->find(name) : nullptr;
  return binding ? &binding->get() : nullptr;
}

Result<int64_t> Interpreter::now_ns() {
  if (fixed_now_ns_) return *fixed_now_ns_;
  const Value* now = option("universe", "now");
  if (now == nullptr) return default_now_ns_;
  if (!now->is(ValueType::function))
    return Error{Errc::invalid, "option now: got " + std::string(now->type_name()) +
                                    ", wanted a function that returns a time"};
  std::shared_ptr<const Function> function = now->function();
  WEIR_TRY(Value time, call(*function, {}));
  if (!time.is(ValueType::time))
    return Error{Errc::invalid,
                 "option now: returned " + std::string(time.type_name()) + ", wanted time"};
  fixed_now_ns_ = time.as_time_ns();
  return *fixed_now_ns_;
}

const Value* Interpreter::option(std::string_view package, std::string_view name) {
  if (auto imported = imported_.find(package); imported != imported_.end()) {
    const Binding* binding = imported->second->find(name);
    if (binding != nullptr && binding->option) return &binding->get();
  }
  if (package == "universe")
    for (const Scope* at = main_scope_.get(); at != nullptr; at = at->parent.get())
      for (const Binding& binding : at->bindings)
        if (binding.name == name && binding.option) return &binding.get();
  // Not imported by this query: the library's default.
  const Library* library = registry_.find(package);
  if (library == nullptr) return nullptr;
  auto member = library->members.find(name);
  bool found = member != library->members.end() && member->second.is_option;
  return found ? &member->second.binding.value : nullptr;
}

const Value* Interpreter::find_global(std::string_view name) const {
  return flux::find(main_scope_, name);
}

}  // namespace weir::query::flux
