// What was tried with Python, and what came of it: printed at the end of the run, and written to interop.txt in the
// folder above that of the test processes. A row a case of this folder: its suite is the pattern; the part of its name
// before the first colon the direction.

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "peer.hpp"

namespace {

struct Row {
  std::string pattern, direction, what, result;
};

class Matrix : public doctest::IReporter {
 public:
  explicit Matrix(const doctest::ContextOptions&) {}

  void test_case_start(const doctest::TestCaseData& test) override {
    watching_ = std::strstr(test.m_file.c_str(), "/interop/") != nullptr;
    if (!watching_) return;
    const std::string name = test.m_name;
    const std::size_t colon = name.find(": ");
    const bool whole = colon == std::string::npos;
    rows_.push_back({test.m_test_suite, whole ? "" : name.substr(0, colon), whole ? name : name.substr(colon + 2), ""});
  }

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (!watching_) return;
    rows_.back().result = stats.failure_flags != 0 ? "FAILED" : interop::noPython() ? "skipped" : "ok";
  }

  void test_run_end(const doctest::TestRunStats&) override {
    if (rows_.empty()) return;
    const std::string text = table();
    std::cout << text << std::flush;
    std::ofstream(DIVIDERE_TEST_PROCESS_DIR "/../interop.txt") << text;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  std::string table() const {
    std::size_t pattern = 0, direction = 0;
    for (const Row& row : rows_) {
      pattern = std::max(pattern, row.pattern.size());
      direction = std::max(direction, row.direction.size());
    }
    std::ostringstream out;
    out << "\nC++ and Python\n\n";
    for (const Row& row : rows_) {
      out << std::left << std::setw(10) << row.result << std::setw(static_cast<int>(pattern) + 3) << row.pattern
          << std::setw(static_cast<int>(direction) + 3) << row.direction << row.what << "\n";
    }
    if (interop::noPython()) out << "\nSKIPPED: " << interop::Python::get().missing() << "\n";
    return out.str();
  }

  std::vector<Row> rows_;
  bool watching_ = false;
};

DOCTEST_REGISTER_LISTENER("interop_matrix", 1, Matrix);

}  // namespace
