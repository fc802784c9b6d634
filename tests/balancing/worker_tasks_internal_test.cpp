#include "dividere/balancing/detail/worker_tasks.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dividere::detail;

namespace {

void add(const LineTasks& line, const std::string& payload) {
  WorkerTask task;
  task.route.emplace_back(std::string_view("token"));
  task.payload = Frame(std::string_view(payload));
  line.add(std::move(task));
}

std::string next(WorkerTasks& tasks) {
  const auto task = tasks.next();
  return task ? task->payload.str() : "(ended)";
}

}  // namespace

TEST_CASE("the tasks of several brokers are handled in turn, those of one in the order they came") {
  WorkerTasks tasks(3);
  const LineTasks a(tasks, 0), b(tasks, 1), c(tasks, 2);
  for (const char* payload : {"a1", "a2", "a3"}) add(a, payload);
  for (const char* payload : {"c1", "c2"}) add(c, payload);
  CHECK(next(tasks) == "c1");
  CHECK(next(tasks) == "a1");
  add(b, "b1");
  CHECK(next(tasks) == "b1");
  CHECK(next(tasks) == "c2");
  CHECK(next(tasks) == "a2");
  CHECK(next(tasks) == "a3");
}

TEST_CASE("a line is idle while none of its tasks waits or is handled, whatever others do") {
  WorkerTasks tasks(2);
  const LineTasks a(tasks, 0), b(tasks, 1);
  CHECK(a.isIdle());
  add(a, "a1");
  CHECK(!a.isIdle());
  CHECK(b.isIdle());
  CHECK(next(tasks) == "a1");
  CHECK(!a.isIdle());
  CHECK(b.isIdle());
  add(b, "b1");
  add(a, "a2");
  CHECK(next(tasks) == "b1");
  CHECK(!a.isIdle());
  a.clear();
  CHECK(a.isIdle());
  CHECK(!b.isIdle());
  tasks.end();
  CHECK(next(tasks) == "(ended)");
  CHECK(b.isIdle());
}
