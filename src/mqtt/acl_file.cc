#include "mqtt/acl_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/closest_name.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";
constexpr size_t kMistakesTold = 20;

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Cuts the first word off `rest`, which keeps what follows it without blanks around it.
std::string_view take_word(std::string_view& rest) {
  size_t end = std::min(rest.find_first_of(kBlank), rest.size());
  std::string_view word = rest.substr(0, end);
  rest = trim(rest.substr(end));
  return word;
}

std::string did_you_mean(std::string_view word, std::vector<std::string_view> known) {
  std::string_view meant = closest_name(word, known);
  return meant.empty() ? std::string() : fmt::format("; did you mean `{}`?", meant);
}

bool is_wildcard(std::string_view filter) { return filter.find_first_of("+#") != filter.npos; }

bool uses(std::string_view filter, char placeholder) {
  const char text[] = {'%', placeholder};
  return filter.find({text, 2}) != filter.npos;
}

// A name that would widen the pattern it is put into, or reach a server's topics with it.
bool is_unfit(std::string_view name, std::string_view filter) {
  return name.find_first_of("+#/") != name.npos ||
         (filter.starts_with('%') && name.starts_with('$'));
}

std::string fill_in(std::string_view filter, std::string_view user, std::string_view client_id) {
  std::string filled;
  for (size_t i = 0; i < filter.size(); i++) {
    char next = filter[i] == '%' && i + 1 < filter.size() ? filter[i + 1] : '\0';
    if (next == 'u' || next == 'c') {
      filled += next == 'u' ? user : client_id;
      i++;
    } else {
      filled += filter[i];
    }
  }
  return filled;
}

// The level in which the first placeholder stands, and everything below it.
std::string from_placeholder_down(std::string_view filter) {
  size_t at = std::min(filter.find("%u"), filter.find("%c"));
  size_t slash = filter.rfind('/', at);
  return std::string(filter.substr(0, slash == filter.npos ? 0 : slash + 1)) + "#";
}

}  // namespace

void AclFile::Rules::add(Rights rights, std::string_view filter) {
  if (is_wildcard(filter)) {
    wildcards.push_back({rights, std::string(filter)});
  } else {
    exact[std::string(filter)] |= rights;
  }
}

AclFile::Rights AclFile::Rules::of(std::string_view topic) const {
  Rights rights = 0;
  if (auto found = exact.find(topic); found != exact.end()) rights = found->second;
  for (const Rule& rule : wildcards) {
    if (topic_matches(rule.filter, topic)) rights |= rule.rights;
  }
  return rights;
}

std::string_view AclFile::denied_by(const std::vector<Rule>& rules, std::string_view topic) {
  for (const Rule& rule : rules) {
    if ((rule.rights & kDeny) != 0 && topic_matches(rule.filter, topic)) return rule.filter;
  }
  return {};
}

std::string_view AclFile::Rules::denied_by(std::string_view topic) const {
  if (auto found = exact.find(topic); found != exact.end() && (found->second & kDeny) != 0) {
    return found->first;
  }
  return AclFile::denied_by(wildcards, topic);
}

class AclFile::ClientAccess final : public TopicAccess {
 public:
  ClientAccess(std::shared_ptr<const AclFile> list, const Rules* own, std::vector<Rule> patterns)
      : list_(std::move(list)), own_(own), patterns_(std::move(patterns)) {}

  bool may_publish(std::string_view topic) const override { return may(kWrite, topic); }
  bool may_receive(std::string_view topic) const override { return may(kRead, topic); }

  // What a grant and the subscription have in common is itself a filter; it is worth nothing when
  // one deny covers it. That several together cover it is not looked into: delivery refuses then.
  bool may_subscribe(std::string_view filter) const override {
    bool could = false;
    for_each([&](Rights rights, std::string_view granted) {
      if (could || (rights & kRead) == 0) return;
      auto common = common_filter(granted, filter);
      could = common && !is_denied(*common);
    });
    return could;
  }

  std::string why_not_publish(std::string_view topic) const override {
    std::string_view by = list_->for_all_.denied_by(topic);
    if (by.empty() && own_ != nullptr) by = own_->denied_by(topic);
    if (by.empty()) by = AclFile::denied_by(patterns_, topic);
    if (by.empty()) return fmt::format("no line of {} lets it write there", list_->name_);
    return fmt::format("{} denies it `{}`", list_->name_, by);
  }

 private:
  bool may(Rights wanted, std::string_view topic) const {
    Rights rights = list_->for_all_.of(topic);
    if (own_ != nullptr) rights |= own_->of(topic);
    for (const Rule& rule : patterns_) {
      if (topic_matches(rule.filter, topic)) rights |= rule.rights;
    }
    return (rights & kDeny) == 0 && (rights & wanted) != 0;
  }
  bool is_denied(std::string_view filter) const {
    bool denied = false;
    for_each([&](Rights rights, std::string_view refused) {
      denied |= (rights & kDeny) != 0 && covers(refused, filter);
    });
    return denied;
  }
  template <class Call>
  void for_each(Call call) const {
    for (const Rules* rules : {&list_->for_all_, own_}) {
      if (rules == nullptr) continue;
      for (const auto& [topic, rights] : rules->exact) call(rights, topic);
      for (const Rule& rule : rules->wildcards) call(rule.rights, rule.filter);
    }
    for (const Rule& rule : patterns_) call(rule.rights, rule.filter);
  }

  const std::shared_ptr<const AclFile> list_;
  const Rules* const own_;  // within `list_`; null: no line is this client's
  const std::vector<Rule> patterns_;
};

std::shared_ptr<const TopicAccess> AclFile::access_of(std::string_view user,
                                                      std::string_view client_id) const {
  const Rules* own = &anonymous_;
  if (!user.empty()) {
    auto found = users_.find(user);
    own = found == users_.end() ? nullptr : &found->second;
  }
  std::vector<Rule> filled;
  for (const Rule& pattern : patterns_) {
    if (uses(pattern.filter, 'u') && user.empty()) continue;  // it names no such client's topics
    bool unfit = (uses(pattern.filter, 'u') && is_unfit(user, pattern.filter)) ||
                 (uses(pattern.filter, 'c') && is_unfit(client_id, pattern.filter));
    if (!unfit) {
      filled.push_back({pattern.rights, fill_in(pattern.filter, user, client_id)});
    } else if ((pattern.rights & kDeny) != 0) {
      filled.push_back({pattern.rights, from_placeholder_down(pattern.filter)});
    }
  }
  return std::make_shared<ClientAccess>(shared_from_this(), own, std::move(filled));
}

// Reads line by line; what is wrong with one does not keep the next from being read.
class AclFile::Parser {
 public:
  explicit Parser(AclFile& list) : list_(list), current_(&list.anonymous_) {}

  // Empty, or what is wrong with the line.
  std::string take(std::string_view line) {
    std::string_view rest = trim(line);
    if (rest.empty() || rest[0] == '#') return {};
    std::string_view keyword = take_word(rest);
    if (keyword == "user") return take_user(rest);
    if (keyword == "topic" || keyword == "pattern") return take_rule(keyword, rest);
    return fmt::format("got `{}`, wanted topic, pattern or user{}", keyword,
                       did_you_mean(keyword, {"topic", "pattern", "user"}));
  }

 private:
  std::string take_user(std::string_view name) {
    if (name.empty())
      return "`user` is followed by no name; topics before any `user` are anonymous";
    if (!is_valid_text(name))
      return "the user's name is not valid UTF-8, or has control characters";
    current_ = &list_.users_[std::string(name)];
    return {};
  }

  static std::optional<Rights> rights_of(std::string_view word) {
    if (word == "read") return kRead;
    if (word == "write") return kWrite;
    if (word == "readwrite") return Rights(kRead | kWrite);
    if (word == "deny") return kDeny;
    return std::nullopt;
  }

  std::string take_rule(std::string_view keyword, std::string_view rest) {
    std::string_view filter = rest;
    std::string_view word = take_word(rest);
    std::optional<Rights> rights = rights_of(word);
    if (rights) {
      filter = rest;
    } else if (!rest.empty()) {
      return fmt::format(
          "got `{}`, wanted read, write, readwrite or deny, then the topic (a topic with blanks "
          "needs one of them before it){}",
          word, did_you_mean(word, {"read", "write", "readwrite", "deny"}));
    }
    if (filter.empty()) return fmt::format("`{}` names no topic", keyword);
    if (!is_valid_topic_filter(filter)) {
      return fmt::format(
          "`{}` is no topic filter: `+` stands for one whole level, `#` for the rest and comes "
          "last, at most {} levels",
          filter, kTopicLevelsMax);
    }
    const Rights granted = rights.value_or(kRead | kWrite);
    if (keyword == "topic") {
      current_->add(granted, filter);
    } else if (uses(filter, 'u') || uses(filter, 'c')) {
      list_.patterns_.push_back({granted, std::string(filter)});
    } else {
      list_.for_all_.add(granted, filter);
    }
    return {};
  }

  AclFile& list_;
  Rules* current_;  // a map that grows moves its values: valid until the next `user` line
};

Result<std::shared_ptr<const AclFile>> AclFile::parse(std::string_view text,
                                                      std::string_view name) {
  if (text.size() > kBytesMax) {
    return Error{Errc::invalid,
                 fmt::format("{}: {} bytes, wanted at most {}: is it the right file?", name,
                             text.size(), kBytesMax)};
  }
  auto list = std::make_shared<AclFile>();
  list->name_ = name;
  std::vector<std::string> mistakes;
  Parser parser(*list);
  for (size_t number = 1; !text.empty(); number++) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string wrong = parser.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (wrong.empty()) continue;
    mistakes.push_back(fmt::format("{}:{}: {}", name, number, wrong));
    if (mistakes.size() == kMistakesTold) break;
  }
  if (!mistakes.empty()) return Error{Errc::invalid, fmt::format("{}", fmt::join(mistakes, "\n"))};
  return std::shared_ptr<const AclFile>(std::move(list));
}

}  // namespace weir::mqtt
