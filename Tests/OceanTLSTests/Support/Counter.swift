import Synchronization

/// A number that the event loop changes and the test looks at.
final class Counter: Sendable {
  private let value = Atomic(0)

  func load() -> Int { value.load(ordering: .relaxed) }
  func add(_ count: Int) { value.add(count, ordering: .relaxed) }
}
