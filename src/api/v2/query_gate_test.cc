#include "api/v2/query_gate.h"

#include <doctest/doctest.h>

#include <future>
#include <string>

namespace weir::api::v2 {

TEST_CASE("queries run so many at once, wait in order, and are refused beyond that") {
  Workers workers("test", 4, 16);
  auto gate = std::make_shared<QueryGate>(workers, 2, 2);
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
  Guarded<std::string> order;
  auto task = [&](char name) {
    return [&, name] {
      opened.wait();
      *order.lock() += name;
    };
  };
  CHECK(gate->enter(task('a')) == QueryGate::Entry::entered);
  CHECK(gate->enter(task('b')) == QueryGate::Entry::entered);
  CHECK(gate->enter(task('c')) == QueryGate::Entry::entered);
  CHECK(gate->enter(task('d')) == QueryGate::Entry::entered);
  CHECK(gate->enter(task('e')) == QueryGate::Entry::queue_is_full);
  open.set_value();
  workers.stop();  // finishes what there is, and what that lets in, here if need be
  const std::string done = *order.lock();
  CHECK(done.size() == 4);
  CHECK(done.find('e') == std::string::npos);
}

TEST_CASE("one at a time, queries keep their order") {
  Workers workers("test", 4, 16);
  auto gate = std::make_shared<QueryGate>(workers, 1, 100);
  std::promise<void> open, last;
  std::shared_future<void> opened = open.get_future().share();
  std::string order;  // of one at a time
  CHECK(gate->enter([&] { opened.wait(); }) == QueryGate::Entry::entered);
  for (char name = 'a'; name <= 'z'; ++name) {
    CHECK(gate->enter([&, name] {
      order += name;
      if (name == 'z') last.set_value();
    }) == QueryGate::Entry::entered);
  }
  open.set_value();
  last.get_future().wait();
  CHECK(order == "abcdefghijklmnopqrstuvwxyz");
  workers.stop();
}

TEST_CASE("workers that take no more are told, and leave the gate open") {
  Workers workers("test", 1, 16);
  auto gate = std::make_shared<QueryGate>(workers, 1, 1);
  workers.stop();
  CHECK(gate->enter([] {}) == QueryGate::Entry::workers_are_busy);
  CHECK(gate->enter([] {}) == QueryGate::Entry::workers_are_busy);
}

}  // namespace weir::api::v2
