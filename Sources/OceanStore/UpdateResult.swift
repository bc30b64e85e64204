/// The result of the removals of an UPDATE.
package struct UpdateResult: Sendable, Equatable {
  /// Messages that are gone now.
  package internal(set) var removed = 0
  /// Messages that are still there.
  package internal(set) var failed = 0
  /// Nil if everything is removed, and on disk.
  package internal(set) var firstError: StoreError?
}
