// What makes two function types one: a call and what it calls, or a function where one is wanted.
#include <algorithm>

#include "query/flux/types.h"

namespace weir::query::flux {
namespace {

using ast::ParameterKind;
using What = TypeProblem::What;

const FunctionParameter* pipe_of(const FunctionType& function) {
  for (const FunctionParameter& parameter : function.parameters)
    if (parameter.kind == ParameterKind::pipe) return &parameter;
  return nullptr;
}

// A pipe parameter is required, under its name or that of its counterpart; or it has none.
struct Pipes {
  std::string expected, actual;  // the names both go by, empty: there is none
};

}  // namespace

void TypeTable::unify_functions(const FunctionType& expected, const FunctionType& actual,
                                TypeProblems& problems) {
  const FunctionParameter* e_pipe = pipe_of(expected);
  const FunctionParameter* a_pipe = pipe_of(actual);
  Pipes names;
  if (e_pipe != nullptr) names.expected = e_pipe->name;
  if (a_pipe != nullptr) names.actual = a_pipe->name;
  if (e_pipe != nullptr && a_pipe != nullptr) {
    if (!names.expected.empty() && !names.actual.empty() && names.expected != names.actual) {
      problems.push_back(
          {.what = What::other_pipe, .name = names.expected, .other_name = names.actual});
      return;
    }
    // One that is named or both unnamed: they are meant for each other.
    names.expected = names.actual = names.expected.empty() ? names.actual : names.expected;
  } else if ((e_pipe != nullptr && names.expected.empty()) ||
             (a_pipe != nullptr && names.actual.empty())) {
    problems.push_back({.what = What::missing_pipe});
    return;
  }
  auto name_in = [&](const FunctionParameter& parameter, const std::string& pipe_name) {
    return parameter.kind == ParameterKind::pipe ? pipe_name : parameter.name;
  };
  auto counterpart = [&](const FunctionType& function, const std::string& pipe_name,
                         const std::string& name) -> const FunctionParameter* {
    for (const FunctionParameter& parameter : function.parameters)
      if (name_in(parameter, pipe_name) == name) return &parameter;
    return nullptr;
  };
  for (const FunctionParameter& wanted : actual.parameters) {
    if (wanted.kind == ParameterKind::optional) continue;
    const std::string name = name_in(wanted, names.actual);
    if (counterpart(expected, names.expected, name) == nullptr)
      problems.push_back({.what = What::unexpected_argument, .name = name});
  }
  for (const FunctionParameter& given : expected.parameters) {
    const std::string name = name_in(given, names.expected);
    const FunctionParameter* taker = counterpart(actual, names.actual, name);
    if (taker == nullptr) {
      if (given.kind != ParameterKind::optional)
        problems.push_back({.what = What::missing_argument, .name = name});
      continue;
    }
    const size_t before = problems.size();
    unify(given.type, taker->type, problems);
    for (size_t i = before; i < problems.size(); ++i)
      problems[i].contexts.push_back({TypeProblem::Context::Where::argument, name});
  }
  const size_t before = problems.size();
  unify(expected.result, actual.result, problems);
  for (size_t i = before; i < problems.size(); ++i)
    problems[i].contexts.push_back(
        {TypeProblem::Context::Where::result, "", expected.result, actual.result});
}

}  // namespace weir::query::flux
