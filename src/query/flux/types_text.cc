// Types and their disagreements as text, and types from text.
#include <algorithm>
#include <array>

#include "query/flux/types.h"

namespace weir::query::flux {
namespace {

struct KindWord {
  std::string_view word;
  KindSet kind;
};
constexpr std::array<KindWord, 13> kKindWords = {{
    {"Addable", kAddable},
    {"Basic", kBasic},
    {"Comparable", kComparable},
    {"Divisible", kDivisible},
    {"Equatable", kEquatable},
    {"Label", kLabel},
    {"Negatable", kNegatable},
    {"Nullable", kNullable},
    {"Numeric", kNumeric},
    {"Record", kRecord},
    {"Stringable", kStringable},
    {"Subtractable", kSubtractable},
    {"Timeable", kTimeable},
}};

struct BasicWord {
  std::string_view word;
  TypeForm form;
};
constexpr std::array<BasicWord, 11> kBasicWords = {{
    {"any", TypeForm::any},
    {"bool", TypeForm::boolean},
    {"bytes", TypeForm::bytes},
    {"duration", TypeForm::duration},
    {"dynamic", TypeForm::dynamic},
    {"float", TypeForm::floating},
    {"int", TypeForm::integer},
    {"regexp", TypeForm::regexp},
    {"string", TypeForm::string},
    {"time", TypeForm::time},
    {"uint", TypeForm::unsigned_integer},
}};

std::string_view word_of(TypeForm form) {
  for (const BasicWord& basic : kBasicWords)
    if (basic.form == form) return basic.word;
  return "any";
}

std::string_view word_of(KindSet kind) {
  for (const KindWord& known : kKindWords)
    if (known.kind == kind) return known.word;
  return "known";
}

// Behind a type in a message, so that long ones are told apart at a glance.
std::string_view remark_of(TypeForm form) {
  switch (form) {
    case TypeForm::array:
      return " (array)";
    case TypeForm::dictionary:
      return " (dictionary)";
    case TypeForm::record:
    case TypeForm::empty_record:
      return " (record)";
    case TypeForm::function:
      return " (function)";
    case TypeForm::stream:
      return " (stream)";
    case TypeForm::dynamic:
      return " (dynamic)";
    default:
      return "";
  }
}

}  // namespace

KindSet kind_of(std::string_view word) {
  for (const KindWord& known : kKindWords)
    if (known.word == word) return known.kind;
  return 0;
}

// ---- Printing ------------------------------------------------------------------------------

// Names variables A, B, C... in the order in which they appear.
class TypeTable::Printer {
 public:
  explicit Printer(const TypeTable& table) : table_(table) {}

  void type(TypeId id, int depth) {
    id = table_.resolved(id);
    const Node& node = table_.nodes_[id];
    // A type can be as large as its script makes it; a message need not be.
    if (out.size() > kTextMax || depth > kTypeDepthMax) {
      out += "...";
      return;
    }
    switch (node.form) {
      case TypeForm::variable:
        out += name_of(id);
        return;
      case TypeForm::array:
        return in_brackets("[", node.first, depth);
      case TypeForm::stream:
        return in_brackets("stream[", node.first, depth);
      case TypeForm::vector:
        return in_brackets("vector[", node.first, depth);
      case TypeForm::dictionary:
        out += "[";
        type(node.second, depth + 1);
        out += ":";
        type(node.first, depth + 1);
        out += "]";
        return;
      case TypeForm::empty_record:
      case TypeForm::record:
        return record(id, depth);
      case TypeForm::function:
        return function(table_.functions_[node.extra], depth);
      default:
        out += word_of(node.form);
    }
  }

  std::string out;

 private:
  static constexpr size_t kTextMax = 2000;

  void in_brackets(std::string_view open, TypeId element, int depth) {
    out += open;
    type(element, depth + 1);
    out += "]";
  }

  void record(TypeId id, int depth) {
    const Row row = table_.row_of(id);
    out += "{";
    if (table_.nodes_[row.tail].form != TypeForm::empty_record) {
      type(row.tail, depth + 1);
      out += " with ";
    }
    for (size_t i = 0; i < row.fields.size(); ++i) {
      if (out.size() > kTextMax) break;
      if (i > 0) out += ", ";
      out += table_.labels_[row.fields[i].first] + ": ";
      type(row.fields[i].second, depth + 1);
    }
    out += "}";
  }

  void function(const FunctionType& function, int depth) {
    std::vector<const FunctionParameter*> order;
    for (const FunctionParameter& parameter : function.parameters) order.push_back(&parameter);
    auto rank = [](const FunctionParameter& parameter) {
      switch (parameter.kind) {
        case ast::ParameterKind::pipe:
          return 0;
        case ast::ParameterKind::required:
          return 1;
        case ast::ParameterKind::optional:
          return 2;
      }
      return 2;
    };
    std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
      return std::pair(rank(*a), std::string_view(a->name)) <
             std::pair(rank(*b), std::string_view(b->name));
    });
    out += "(";
    for (size_t i = 0; i < order.size(); ++i) {
      if (out.size() > kTextMax) break;
      if (i > 0) out += ", ";
      if (order[i]->kind == ast::ParameterKind::pipe) out += "<-";
      if (order[i]->kind == ast::ParameterKind::optional) out += "?";
      out += order[i]->name + ": ";
      type(order[i]->type, depth + 1);
    }
    out += ") => ";
    type(function.result, depth + 1);
  }

  std::string name_of(TypeId variable) {
    size_t number = names_.try_emplace(variable, names_.size()).first->second;
    if (number < 26) return std::string(1, static_cast<char>('A' + number));
    return "t" + std::to_string(number);
  }

  const TypeTable& table_;
  std::map<TypeId, size_t> names_;
};

std::string TypeTable::to_text(TypeId type) const {
  Printer printer(*this);
  printer.type(type, 0);
  return std::move(printer.out);
}

std::string TypeTable::to_text(const TypeProblem& problem) const {
  using What = TypeProblem::What;
  auto with_remark = [this](TypeId type) {
    return to_text(type) + std::string(remark_of(form(type)));
  };
  auto mismatch = [&](TypeId expected, TypeId actual) {
    return "expected " + with_remark(expected) + " but found " + with_remark(actual);
  };
  std::string text;
  switch (problem.what) {
    case What::mismatch:
      text = mismatch(problem.expected, problem.actual);
      break;
    case What::not_of_kind:
      text = with_remark(problem.actual) + " is not " + std::string(word_of(problem.kind));
      break;
    case What::recursive:
      text = "recursive types not supported " + to_text(problem.expected) +
             " != " + to_text(problem.actual);
      break;
    case What::missing_label:
      text = "record is missing label " + problem.name;
      break;
    case What::unexpected_label:
      text = "found unexpected label " + problem.name;
      break;
    case What::missing_argument:
      text = "missing required argument " + problem.name;
      break;
    case What::missing_pipe:
      text = "missing pipe argument";
      break;
    case What::unexpected_argument:
      text = "found unexpected argument " + problem.name;
      break;
    case What::other_pipe:
      text = "expected pipe argument " + problem.name + " but found " + problem.other_name;
      break;
  }
  for (const TypeProblem::Context& context : problem.contexts) {
    if (context.where == TypeProblem::Context::Where::argument)
      text += " (argument " + context.name + ")";
    else
      text = mismatch(context.expected, context.actual) + " for return type caused by " + text;
  }
  return text;
}

// ---- Reading -------------------------------------------------------------------------------

TypeId TypeTable::from_expression(const ast::TypeExpression& expression) {
  std::map<std::string, TypeId> variables;
  TypeId type = from_type(*expression.type, variables);
  for (const ast::TypeConstraint& constraint : expression.constraints) {
    auto found = variables.find(constraint.variable.text);
    if (found == variables.end()) continue;
    for (const ast::Name& kind : constraint.kinds)
      nodes_[found->second].kinds |= kind_of(kind.text);
  }
  return type;
}

TypeId TypeTable::from_type(const ast::Type& type, std::map<std::string, TypeId>& variables) {
  auto variable_named = [&](const std::string& name) {
    auto [place, added] = variables.try_emplace(name, kAny);
    if (added) place->second = variable();
    return place->second;
  };
  switch (type.kind) {
    case ast::TypeKind::named:
      for (const BasicWord& basic_word : kBasicWords)
        if (basic_word.word == type.name.text) return basic(basic_word.form);
      return kAny;
    case ast::TypeKind::variable:
      return variable_named(type.name.text);
    case ast::TypeKind::array:
      return collection(TypeForm::array, from_type(*type.element, variables));
    case ast::TypeKind::stream:
      return collection(TypeForm::stream, from_type(*type.element, variables));
    case ast::TypeKind::vector:
      return collection(TypeForm::vector, from_type(*type.element, variables));
    case ast::TypeKind::dictionary: {
      TypeId key = from_type(*type.key, variables);
      return dictionary(key, from_type(*type.element, variables));
    }
    case ast::TypeKind::dynamic:
      return basic(TypeForm::dynamic);
    case ast::TypeKind::label:
      return basic(TypeForm::string);
    case ast::TypeKind::record: {
      TypeId row = type.extends.text.empty() ? empty_record() : variable_named(type.extends.text);
      for (size_t i = type.properties.size(); i > 0; --i) {
        const ast::TypeProperty& property = type.properties[i - 1];
        // A label that is a variable (`{A with C: B}`): which column it is, is not known here.
        const bool known = property.key.size() != 1 || property.key_quoted ||
                           property.key[0] < 'A' || property.key[0] > 'Z';
        if (!known) return kAny;
        row = record(property.key, from_type(*property.type, variables), row);
      }
      return row;
    }
    case ast::TypeKind::function: {
      FunctionType function_type;
      for (const ast::TypeParameter& parameter : type.parameters)
        function_type.parameters.push_back(
            {parameter.name.text, parameter.kind, from_type(*parameter.type, variables)});
      function_type.result = from_type(*type.result, variables);
      return function(std::move(function_type));
    }
  }
  return kAny;
}

}  // namespace weir::query::flux
