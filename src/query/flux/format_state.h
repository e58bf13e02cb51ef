// The formatter's inside: one class, split into format.cc (expressions) and format_file.cc
// (statements, types, comments).
//
// Everything is appended to one text. A list is first tried on one line and broken if it does not
// fit; comments are taken off the front of `comments_` as they are written.
#pragma once

#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/flux/ast.h"

namespace weir::query::flux {

inline constexpr int kIndent = 4;
inline constexpr size_t kLineMax = 100;  // longer lists are broken, one item a line

// A string literal.
std::string quoted(std::string_view text);

// Where an item of a list stands in the source; both 0 where that is not known.
struct Span {
  uint32_t start = 0, end = 0;
};
inline Span span_of(const ast::Location& location) {
  return {location.start_offset, location.end_offset};
}
inline Span span_of(const ast::ExpressionPtr& item) { return span_of(item->location); }
inline Span span_of(const ast::DictionaryItem& item) {
  return {item.key->location.start_offset, item.value->location.end_offset};
}
template <class Item>
Span span_of(const Item& item) {
  return span_of(item.location);
}

class Formatter {
 public:
  Formatter() = default;
  explicit Formatter(const std::vector<ast::Comment>& comments) : comments_(comments) {}

  std::string take() { return std::move(out_); }
  void file(const ast::File& file);
  // In parentheses if it binds looser than its surroundings ask, or if more follows (`last` is
  // false) and it ends open.
  void expression(const ast::Expression& expression, int binding = 0, bool last = true);

 private:
  void plain(const ast::Expression& expression);
  void literal(const ast::Expression& expression);
  void operation(const ast::Expression& expression);
  void string_expression(const ast::StringExpression& expression);
  void object(const ast::ObjectExpression& object);
  void function(const ast::FunctionExpression& function);
  void call(const ast::CallExpression& call);
  void pipe(const ast::PipeExpression& pipe);
  void property(const ast::Property& property, std::string_view separator);
  void statement(const ast::Statement& statement);
  void plain_statement(const ast::Statement& statement);
  void block(const ast::Block& block);
  void comments_above(uint32_t offset);
  // A new line, behind the comment that belongs to what was written; `next` starts what follows.
  void end_line(uint32_t next);
  void attributes(const std::vector<ast::Attribute>& attributes);
  void type(const ast::Type& type);
  void type_parameter(const ast::TypeParameter& parameter);
  void type_expression(const ast::TypeExpression& expression);

  // Items between brackets on one line, or one a line if that gets too long.
  // `end` is where the list ends in the source, if that is known.
  template <class Items, class Print>
  void list(std::string_view open, const Items& items, std::string_view close, uint32_t end,
            Print print);
  template <class Items, class Print>
  void broken_list(std::string_view open, const Items& items, std::string_view close, uint32_t end,
                   Print print);
  // Whether a comment stands between the items of a list.
  template <class Items>
  bool has_comments(const Items& items, uint32_t end) const;
  bool is_comment_between(uint32_t start, uint32_t end) const;
  // Writes the comments before `offset`: each on a line of its own, but behind what is written
  // where it stands behind something. A new line must follow.
  void comments_before(uint32_t offset);
  // Only those of them that stand behind something.
  void comments_behind(uint32_t offset);
  bool at_line_start() const;
  void line() { out_ += '\n', out_.append(static_cast<size_t>(indent_ * kIndent), ' '); }
  size_t column() const { return out_.size() - (out_.rfind('\n') + 1); }

  std::string out_;
  int indent_ = 0;
  std::span<const ast::Comment> comments_;  // not yet written
};

template <class Items>
bool Formatter::has_comments(const Items& items, uint32_t end) const {
  if (comments_.empty()) return false;
  bool first = true;
  uint32_t from = 0;
  for (const auto& item : items) {
    const Span span = span_of(item);
    // What stands before the first item is between the bracket and it only if it is not written
    // when the bracket is.
    if (first ? comments_.front().start_offset < span.start : is_comment_between(from, span.start))
      return true;
    first = false;
    from = span.end;
  }
  return is_comment_between(from, end);
}

// ---- Lists ---------------------------------------------------------------------------------

template <class Items, class Print>
void Formatter::broken_list(std::string_view open, const Items& items, std::string_view close,
                            uint32_t end, Print print) {
  out_ += open;
  ++indent_;
  for (auto item = items.begin(); item != items.end(); ++item) {
    comments_before(span_of(*item).start);
    line();
    print(*item);
    out_ += ',';
    auto following = std::next(item);
    comments_behind(following == items.end() ? end : span_of(*following).start);
  }
  comments_before(end);
  --indent_;
  line();
  out_ += close;
}

template <class Items, class Print>
void Formatter::list(std::string_view open, const Items& items, std::string_view close,
                     uint32_t end, Print print) {
  if (has_comments(items, end)) return broken_list(open, items, close, end, print);
  const std::span<const ast::Comment> comments = comments_;
  size_t before = out_.size();
  out_ += open;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out_ += ", ";
    first = false;
    print(item);
  }
  out_ += close;
  bool fits = column() <= kLineMax && out_.find('\n', before) == std::string::npos;
  // Deep inside, one line is better than none: trying both at every level would take for ever.
  if (fits || items.size() < 2 || indent_ > 4) return;
  out_.resize(before);
  comments_ = comments;
  broken_list(open, items, close, end, print);
}

}  // namespace weir::query::flux
