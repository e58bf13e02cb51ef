#include "server/access_lists.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"

namespace weir::server {

template <class T>
Result<void> WatchedFile<T>::read() {
  auto text = system_file_system().read(file_.path);
  if (!text.ok()) return std::move(text).error().with_context(file_.setting);
  auto parsed = T::parse(*text, file_.path);
  if (!parsed.ok()) return std::move(parsed).error().with_context(file_.setting);
  *current_.lock() = std::move(*parsed);
  return {};
}

template <class T>
bool WatchedFile<T>::refresh(bool anyway) {
  if (!watch_.is_due(anyway)) return false;
  if (auto done = read(); !done.ok()) {
    log::warn("server", "{}; what was read before holds on", done.error().message);
    return false;
  }
  log::info("server", "{} has been read again", file_.setting);
  return true;
}

AccessLists::Lists AccessLists::current() const {
  return {passwords_ == nullptr ? nullptr : passwords_->current(),
          topics_ == nullptr ? nullptr : topics_->current()};
}

namespace {

// Null for no file. One that does not read well is not kept.
template <class T>
Result<std::shared_ptr<WatchedFile<T>>> open_one(
    const NamedFile& file, std::vector<std::shared_ptr<WatchedFile<T>>>& files) {
  if (file.path.empty()) return std::shared_ptr<WatchedFile<T>>();
  auto known = std::find_if(files.begin(), files.end(),
                            [&](const auto& one) { return one->path() == file.path; });
  if (known != files.end()) return *known;
  auto opened = std::make_shared<WatchedFile<T>>(file);
  WEIR_CHECK(opened->read());
  files.push_back(opened);
  return opened;
}

}  // namespace

Result<std::shared_ptr<const AccessLists>> AccessFiles::open(const AccessSettings& settings) {
  auto files = files_.lock();
  auto passwords = open_one(settings.passwords, files->passwords);
  auto topics = open_one(settings.topics, files->topics);
  if (!passwords.ok() && !topics.ok()) {
    return Error{passwords.error().code, passwords.error().message + "\n" + topics.error().message};
  }
  auto lists = std::make_shared<AccessLists>();
  WEIR_TRY(lists->passwords_, std::move(passwords));
  WEIR_TRY(lists->topics_, std::move(topics));
  return std::shared_ptr<const AccessLists>(std::move(lists));
}

Result<void> AccessFiles::open_all(const Config& config) {
  std::vector<std::string> mistakes;
  auto files = files_.lock();
  // Listeners that share a file share its mistakes.
  auto check = [&](const auto& opened) {
    if (!opened.ok() &&
        std::find(mistakes.begin(), mistakes.end(), opened.error().message) == mistakes.end()) {
      mistakes.push_back(opened.error().message);
    }
  };
  auto check_both = [&](const AccessSettings& settings) {
    check(open_one(settings.passwords, files->passwords));
    check(open_one(settings.topics, files->topics));
  };
  check_both(config.access);
  for (const MqttListener& listener : config.mqtt_listeners) check_both(listener.access);
  if (!mistakes.empty()) return Error{Errc::invalid, fmt::format("{}", fmt::join(mistakes, "\n"))};
  return {};
}

bool AccessFiles::refresh(bool everything) {
  auto files = files_.lock();
  bool is_new = false;
  for (const auto& file : files->passwords) is_new |= file->refresh(everything);
  for (const auto& file : files->topics) is_new |= file->refresh(everything);
  return is_new;
}

}  // namespace weir::server
