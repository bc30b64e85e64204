import Glibc

/// A large buffer for a short time, straight from the system.
///
/// A buffer from the heap would leave a hole when it is freed. The small objects that stay (snapshots,
/// sessions) would then fill it in part: with thousands of mailboxes opened at once that doubles the memory
/// of each.
struct ScratchMemory: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  init(count: Int) throws(StoreError) {
    let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw StoreError(.read, "memory", errno: ENOMEM) }
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  deinit { munmap(bytes.baseAddress, bytes.count) }
}
