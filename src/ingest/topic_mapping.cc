#include "ingest/topic_mapping.h"

#include <algorithm>

#include "model/series_key.h"

namespace weir::ingest {
namespace {

std::string filled(const NameTemplate& text, const std::vector<std::string_view>& captures) {
  std::string result;
  for (const auto& part : text.parts) {
    result += part.literal;
    if (part.capture >= 0) result += captures[static_cast<size_t>(part.capture)];
  }
  return result;
}

// The raw key of tags whose values are known.
std::string written_key(std::string_view measurement,
                        const std::vector<TopicMapping::TagSlot>& tags) {
  std::string key, scratch;
  model::append_escaped_measurement(key, cleaned(measurement, scratch));
  for (const auto& tag : tags) {
    const std::string_view value = cleaned(tag.value, scratch);
    if (value.empty()) continue;
    key += ',';
    model::append_escaped_tag(key, tag.name);
    key += '=';
    model::append_escaped_tag(key, value);
  }
  return key;
}

std::string cleaned_measurement(std::string_view text) {
  std::string scratch;
  return std::string(cleaned(text, scratch));
}

void fill_rule(TopicMapping& mapping, const std::vector<std::string_view>& captures) {
  const Rule& rule = *mapping.rule;
  mapping.title = rule.title();
  mapping.bucket = filled(rule.bucket, captures);
  mapping.measurement = cleaned_measurement(filled(rule.measurement, captures));
  mapping.scalar_field =
      rule.pattern.last_literal().empty() ? "value" : rule.pattern.last_literal();
  const auto& names = rule.pattern.names();
  auto has_own_rule = [&rule](std::string_view name) {
    return std::any_of(rule.tags.begin(), rule.tags.end(),
                       [name](const TagRule& tag) { return tag.name == name; });
  };
  for (size_t i = 0; i < names.size(); i++) {
    if (names[i] == "_field") {
      mapping.scalar_field = captures[i];
      mapping.field_prefix = mapping.scalar_field + ".";
    } else if (names[i] != "_measurement" && !has_own_rule(names[i])) {
      mapping.tags.push_back({names[i], std::string(captures[i])});
    }
  }
  if (mapping.field_prefix.empty() && rule.fields.size() == 1 && !rule.fields[0].key.empty()) {
    mapping.scalar_field = rule.fields[0].key;
  }
  for (const TagRule& tag : rule.tags) {
    if (tag.path) {
      mapping.tags.push_back({tag.name, "", &*tag.path});
    } else {
      mapping.tags.push_back({tag.name, filled(tag.text, captures)});
    }
  }
  if (rule.each && !rule.each->member_tag.empty()) {
    mapping.tags.push_back({rule.each->member_tag, "", nullptr, true});
  }
  std::sort(mapping.tags.begin(), mapping.tags.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  const bool from_payload =
      std::any_of(mapping.tags.begin(), mapping.tags.end(),
                  [](const auto& tag) { return tag.path != nullptr || tag.is_member; });
  // A payload of one value has no members to take tags from: they are left out.
  mapping.scalar_series_key = written_key(mapping.measurement, mapping.tags);
  if (!from_payload) mapping.series_key = mapping.scalar_series_key;
}

// JSON on a/b stores its leaves as fields of measurement a with the tag topic=a/b; one value on
// a/b/c is the same as {"c": value} on a/b.
void fill_automatic(TopicMapping& mapping, std::string_view topic) {
  const AutomaticMapping& automatic = mapping.rules->automatic();
  if (!automatic.enabled) {
    mapping.ignored_because = "no rule takes this topic and automatic mapping is off";
    return;
  }
  mapping.title = "auto";
  const auto levels = split_topic(topic);
  for (std::string_view level : levels) {
    if (level.starts_with('$'))
      mapping.ignored_because = "a level that begins with $ is never data";
  }
  std::vector<std::string_view> captures;
  for (const TopicPattern& skip : automatic.skip) {
    if (skip.match(levels, topic, captures)) mapping.ignored_because = "auto.skip " + skip.text();
  }
  if (!mapping.ignored_because.empty()) return;
  const auto named =
      std::find_if(levels.begin(), levels.end(), [](auto level) { return !level.empty(); });
  const auto last =
      std::find_if(levels.rbegin(), levels.rend(), [](auto level) { return !level.empty(); });
  if (named == levels.end()) {
    mapping.ignored_because = "a topic without any name in it";
    return;
  }
  mapping.measurement = cleaned_measurement(*named);
  mapping.scalar_field = *last;
  mapping.tags = {{"topic", std::string(topic)}};
  mapping.series_key = written_key(mapping.measurement, mapping.tags);
  const auto parent = topic.substr(0, static_cast<size_t>(last->data() - topic.data()));
  const bool has_parent = parent.find_first_not_of('/') != std::string_view::npos;
  mapping.scalar_series_key =
      has_parent ? written_key(mapping.measurement,
                               {{"topic", std::string(parent.substr(0, parent.size() - 1))}})
                 : mapping.series_key;
}

// A level of backslashes alone leaves nothing to call the measurement.
void need_measurement(TopicMapping& mapping) {
  if (!mapping.measurement.empty() || !mapping.ignored_because.empty()) return;
  mapping.ignored_because = "the measurement would be empty";
}

}  // namespace

std::string_view cleaned(std::string_view text, std::string& scratch) {
  while (text.starts_with('\t') || text.starts_with('\0')) text.remove_prefix(1);
  if (text.find_first_of("\\\n\r") == std::string_view::npos) return text;
  scratch.clear();
  for (char c : text) {
    if (c == '\n' || c == '\r') c = ' ';
    while ((c == ' ' || c == ',' || c == '=') && scratch.ends_with('\\')) scratch.pop_back();
    scratch.push_back(c);
  }
  while (scratch.ends_with('\\')) scratch.pop_back();
  return scratch;
}

std::shared_ptr<const TopicMapping> map_topic(std::shared_ptr<const RuleSet> rules,
                                              std::string_view topic,
                                              std::vector<RuleTried>* tried) {
  auto mapping = std::make_shared<TopicMapping>();
  mapping->rules = std::move(rules);
  const auto levels = split_topic(topic);
  std::vector<std::string_view> captures, unused;
  for (const Rule& rule : mapping->rules->rules()) {
    if (!rule.pattern.match(levels, topic, captures)) {
      if (tried != nullptr) tried->push_back({rule.title(), "topic does not match"});
      continue;
    }
    const auto skip = std::find_if(
        rule.skip.begin(), rule.skip.end(),
        [&](const TopicPattern& filter) { return filter.match(levels, topic, unused); });
    if (skip != rule.skip.end()) {
      if (tried != nullptr) tried->push_back({rule.title(), "skip " + skip->text()});
      continue;
    }
    mapping->rule = &rule;
    if (rule.ignore) {
      mapping->title = rule.title();
      mapping->ignored_because = rule.title() + " ignores it";
    } else {
      fill_rule(*mapping, captures);
      if (rule.format != Format::line) need_measurement(*mapping);
    }
    return mapping;
  }
  fill_automatic(*mapping, topic);
  need_measurement(*mapping);
  return mapping;
}

}  // namespace weir::ingest
