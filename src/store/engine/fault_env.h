// RocksDB's files in a FaultFileSystem, beside the log's: so that a test can fail any file
// operation of the store, and a power cut takes what RocksDB has not synced.
//
// Reads are not counted and do not fail. Used by *_test.cc only; threads: any. The file system
// outlives it.
#pragma once

#include <memory>

#include "base/fault_file_system.h"

namespace rocksdb {
class Env;
}

namespace weir::store::testing {

std::shared_ptr<rocksdb::Env> make_fault_env(FaultFileSystem& files);

}  // namespace weir::store::testing
