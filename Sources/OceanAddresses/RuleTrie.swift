import Glibc

/// Finds the rule that decides for a number: an immutable multibit trie, made for lookups that cost one cache
/// miss.
///
/// A node cuts an aligned block of numbers into 64 slots. For each run of slots that agree it has one entry:
/// the rule that decides there, or the node that knows more. There are two kinds of node:
/// - The root is a direct table of nodes that fill a cache line each, including the entries. Every slot has
///   four bits there that name its entry: a lookup reads the line and is mostly done, in few enough
///   instructions that the processor overlaps the misses of several lookups. What does not fit into a line is
///   left to one node below it.
/// - The nodes below are compressed as in a poptrie (Asai, Ohara: "Poptrie: A Compressed Trie with Population
///   Count for Fast and Scalable Software IP Routing Table Lookup", 2015): a bitmap tells where runs start,
///   and counting the bits up to a slot gives its entry. They are path-compressed, too: a node's block is the
///   smallest that contains every change of the slots that lead there. Nothing changes elsewhere in these
///   slots, so that numbers below the block count as its first and numbers above it as its last; the bits
///   left out need no check.
///
/// Sendable because nothing is written after `init`.
final class RuleTrie<Word: AddressWord>: @unchecked Sendable {
  /// The rule or node for a run of slots.
  struct Entry: Equatable {
    /// The index of a node with the top bit set; otherwise a rule or `none`.
    private let code: UInt32

    private static var nodeBit: UInt32 { 1 << 31 }
    private static var none: UInt32 { nodeBit - 1 }

    /// This rule decides throughout; nil means that no rule does. Rules are below 2³¹ - 1.
    init(rule: UInt32?) { code = rule.map { $0 & ~Self.nodeBit } ?? Self.none }

    init(node: Int) { code = UInt32(truncatingIfNeeded: node) | Self.nodeBit }

    var isNode: Bool { code & Self.nodeBit != 0 }
    /// Only valid if `isNode`.
    var node: Int { Int(code & ~Self.nodeBit) }
    /// Only valid if not `isNode`.
    var rule: UInt32? { code == Self.none ? nil : code }
  }

  /// A node of the root: 64 bytes.
  struct Line {
    /// Four bits per slot, low ones first: the place of its entry, below eight.
    var places = InlineArray<4, UInt64>(repeating: 0)
    var entries = InlineArray<8, Entry>(repeating: Entry(rule: nil))
  }

  /// A node below the root: for IPv4 32 bytes, so that two fill a cache line.
  struct Node {
    let first: Word
    /// The log2 of the numbers in a slot.
    let shift: UInt32
    /// Bit n is set if slot n starts a run; bit 0 is always set.
    let starts: UInt64
    /// The place in `entries` of those that do not fit into the node itself.
    let others: UInt32
    /// The entries of the first runs; most nodes have one rule with nothing around it.
    var entries = InlineArray<3, Entry>(repeating: Entry(rule: nil))
  }

  /// The first number of the smallest block that contains every change, and the distance to its last.
  private let first: Word
  private let span: Word
  /// The log2 of the numbers in a slot of the root.
  private let shift: Word
  /// One line for every 64 slots of 0...`span`.
  private let lines: UnsafeMutablePointer<Line>
  private let nodes: UnsafeMutablePointer<Node>
  private let entries: ContiguousArray<Entry>

  /// - Parameter changes: in ascending order; the first is at zero.
  init(_ changes: ContiguousArray<RuleChange<Word>>) {
    var builder = RuleTrieBuilder(changes)
    let root = builder.block(around: 1..<changes.count)
    // Four to eight changes in a line are nearly always few enough for its eight entries.
    let lineBits = max(0, changes.count.bitWidth - 3 - changes.count.leadingZeroBitCount)
    let shift = Word(max(0, root.hostBits - 6 - lineBits))
    first = root.first
    span = root.last - root.first
    self.shift = shift
    let lineCount = Int(span >> shift) / 64 + 1
    lines = Self.allocate(lineCount)
    for index in 0..<lineCount {
      let block = Block(first: first + Word(index) << (shift + 6), hostBits: Int(shift) + 6)
      (lines + index).initialize(to: builder.nextLine(block))
    }
    builder.buildNodes()
    nodes = Self.allocate(builder.nodes.count)
    for (index, node) in builder.nodes.enumerated() { (nodes + index).initialize(to: node) }
    entries = builder.entries
  }

  /// Allocates memory aligned to cache lines, which an Array's is not. Much of it is in huge pages if the
  /// system has them, because otherwise each lookup would miss in the table of pages, too.
  private static func allocate<Element>(_ count: Int) -> UnsafeMutablePointer<Element> {
    // The system may give no memory for zero bytes.
    let bytes = max(1, count) * MemoryLayout<Element>.stride
    let hugePage = 2 << 20
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: bytes < hugePage ? 64 : hugePage)
    if bytes >= hugePage { _ = madvise(memory, bytes, MADV_HUGEPAGE) }
    return memory.bindMemory(to: Element.self, capacity: count)
  }

  deinit {
    UnsafeMutableRawPointer(lines).deallocate()
    UnsafeMutableRawPointer(nodes).deallocate()
  }

  @inline(__always)
  func rule(for number: Word) -> UInt32? {
    // The slot is at most `span >> shift`, whatever the number, so the line exists; the masks keep the rest
    // in bounds.
    let slot = Int(truncatingIfNeeded: min(max(number, first) &- first, span) &>> shift)
    let line = lines + slot &>> 6
    let places = line.pointee.places[unchecked: slot &>> 4 & 3] &>> UInt64(truncatingIfNeeded: slot &<< 2)
    let entry = line.pointee.entries[unchecked: Int(truncatingIfNeeded: places & 7)]
    return entry.isNode ? rule(below: entry, for: number) : entry.rule
  }

  @inline(never)
  private func rule(below entry: Entry, for number: Word) -> UInt32? {
    var entry = entry
    while entry.isNode {
      // An entry with a node is only made along with that node.
      let node = nodes + entry.node
      let first = node.pointee.first
      let slot = min((max(number, first) - first) >> Word(node.pointee.shift), 63)
      let index = (node.pointee.starts << UInt64(63 - slot)).nonzeroBitCount - 1
      let room = node.pointee.entries.count
      entry = index < room ? node.pointee.entries[index] : entries[Int(node.pointee.others) + index - room]
    }
    return entry.rule
  }
}
