/// A plan that is reverted unless it is confirmed.
package struct UnconfirmedPlan: Sendable, Hashable, Codable {
  /// The plan that comes back.
  package var previous: Digest
  package var secondsLeft: Int

  package init(previous: Digest, secondsLeft: Int) {
    self.previous = previous
    self.secondsLeft = secondsLeft
  }
}
