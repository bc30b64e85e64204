/// Numbers in a segment tree: any range of them can be decremented, and its minimum asked for, in logarithmic
/// time. The nodes keep what was taken from everything below them.
struct MinimumTree {
  /// Node 1 is the root, nodes 2n and 2n+1 are the halves of node n. A minimum includes the node's own
  /// `taken`, but not that of the nodes above.
  private var minima: [Int32]
  private var taken: [Int32]
  private let count: Int

  init(_ numbers: [Int32]) {
    count = numbers.count
    var size = 1
    while size < count { size *= 2 }
    minima = [Int32](repeating: .max, count: size) + numbers
    minima += [Int32](repeating: .max, count: size - count)
    taken = [Int32](repeating: 0, count: 2 * size)
    for node in stride(from: size - 1, to: 0, by: -1) {
      minima[node] = min(minima[2 * node], minima[2 * node + 1])
    }
  }

  private var all: Range<Int> { 0..<(minima.count / 2) }

  func minimum(in range: Range<Int>) -> Int32 {
    minimum(in: range, node: 1, spanning: all)
  }

  mutating func decrement(_ range: Range<Int>) {
    decrement(range, node: 1, spanning: all)
  }

  private func minimum(in range: Range<Int>, node: Int, spanning span: Range<Int>) -> Int32 {
    if !range.overlaps(span) { return .max }
    if range.lowerBound <= span.lowerBound, span.upperBound <= range.upperBound { return minima[node] }
    let middle = (span.lowerBound + span.upperBound) / 2
    let low = minimum(in: range, node: 2 * node, spanning: span.lowerBound..<middle)
    let high = minimum(in: range, node: 2 * node + 1, spanning: middle..<span.upperBound)
    return min(low, high) - taken[node]
  }

  private mutating func decrement(_ range: Range<Int>, node: Int, spanning span: Range<Int>) {
    if !range.overlaps(span) { return }
    if range.lowerBound <= span.lowerBound, span.upperBound <= range.upperBound {
      minima[node] -= 1
      taken[node] += 1
      return
    }
    let middle = (span.lowerBound + span.upperBound) / 2
    decrement(range, node: 2 * node, spanning: span.lowerBound..<middle)
    decrement(range, node: 2 * node + 1, spanning: middle..<span.upperBound)
    minima[node] = min(minima[2 * node], minima[2 * node + 1]) - taken[node]
  }
}
