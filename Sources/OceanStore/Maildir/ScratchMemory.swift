import Glibc

/// A large buffer for a moment, straight from the system.
///
/// From the heap it would leave a hole when it is freed, which the small things that stay (snapshots, sessions) then fill
/// in part: with thousands of mailboxes opened at once that doubles the memory of each.
struct ScratchMemory: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  init(count: Int) throws(StoreError) {
    let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw StoreError(.read, "memory", errno: ENOMEM) }
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  deinit { munmap(bytes.baseAddress, bytes.count) }
}
