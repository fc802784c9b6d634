#include "filter_hints.hpp"

#include <algorithm>

#include "../../core/detail/text.hpp"
#include "envelope_format.hpp"
#include "message_types.hpp"

namespace dividere::detail {

// How many topics of one length are compared with a name.
constexpr std::size_t kTopicsCompared = 1000;

static bool equalInAnyCase(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

void FilterHints::look(Audience& audience, const google::protobuf::Message& message, bool isFirst) {
  const std::string_view type = typeOf(message);
  const bool isNew = isFirst && types_.insert(std::string(type)).second;
  const auto now = std::chrono::steady_clock::now();
  const bool isDue = audience.newsRead != newsRead_ && now >= next_;
  if ((!isNew && !isDue) || warned_.size() >= kMostNames) return;
  std::vector<Miss> misses;
  {
    const auto lock = audience.enter();
    if (isDue) {
      newsRead_ = audience.newsRead;
      next_ = now + std::chrono::seconds(1);
      for (const std::string& each : types_) compare(audience.census, each, misses);
    } else {
      compare(audience.census, type, misses);
    }
  }
  // Without the lock: whoever takes the log may publish it.
  for (const Miss& miss : misses) warn(audience.socket->endpoint(), miss);
}

void FilterHints::warn(const std::string& endpoint, const Miss& miss) {
  if (newMessage(miss.asked)) return;  // there is such a type: it may be sent later
  log(LogLevel::warning, "messaging::Publisher",
      endpoint + ": a subscriber asks for the type '" + shown(miss.asked) +
          "', which is not sent here: what is sent is called '" + miss.sent + "'");
}

/// With the full name, and with what is left of it without the first of its parts, the first two, and so on.
void FilterHints::compare(const Census& census, std::string_view type, std::vector<Miss>& misses) {
  std::string_view form = type;
  compareForm(census, type, form, misses);
  for (std::size_t dot; (dot = form.find('.')) != form.npos;) {
    form.remove_prefix(dot + 1);
    compareForm(census, type, form, misses);
  }
}

void FilterHints::compareForm(const Census& census, std::string_view type, std::string_view form,
                              std::vector<Miss>& misses) {
  std::string beginning = envelopePrefix(form);
  beginning.resize(beginning.size() - form.size());  // the same for every name of this length
  for (const std::string& topic : census.topicsFrom(beginning, kTopicsCompared)) {
    if (topic.size() < beginning.size() + form.size()) continue;
    const std::string name = topic.substr(beginning.size(), form.size());
    if (!equalInAnyCase(name, form) || types_.count(name) > 0) continue;
    // Somebody may ask for both: another publisher, in Python, writes the short name.
    const std::string meant = envelopePrefix(type) + topic.substr(beginning.size() + form.size());
    if (census.haveBoth(topic, meant) || !warned_.insert(name).second) continue;
    misses.push_back({name, std::string(type)});
  }
}

}  // namespace dividere::detail
