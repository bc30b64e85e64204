/// The unique ids that another server's list gives to some messages. A list may tell of the same message any number of times:
/// the last one holds, and those before it take no memory for long.
struct ForeignIDs {
  private(set) var strings = PackedStrings()
  /// By message.
  private(set) var changes: [MessageTable.IDChange]
  private var templates: TemplateIndex
  /// How many bytes of strings there may be before those that were replaced are removed.
  private var limit: Int

  /// - Parameter count: of messages.
  init(count: Int) {
    // What Dovecot's take by default: growing would leave holes as large in the heap.
    strings.reserveCapacity(10 * count)
    templates = TemplateIndex(of: strings)
    changes = Array(repeating: .keep, count: count)
    limit = 20 * count + 1 << 20
  }

  /// - Parameter id: nil if it is the one that is made of the message's name.
  mutating func set(_ id: UnsafeRawBufferPointer?, at place: Int) {
    guard let id else { return changes[place] = .remove }
    changes[place] = .set(strings.bytes.count)
    strings.append(id, &templates)
    if strings.bytes.count > limit {
      removeReplaced()
      limit = 2 * strings.bytes.count + 1 << 20
    }
  }

  private mutating func removeReplaced() {
    var kept = PackedStrings()
    kept.adoptTemplates(of: strings)
    for place in changes.indices {
      guard let start = changes[place].start else { continue }
      changes[place] = .set(kept.bytes.count)
      kept.append(start..<strings.end(of: start), of: strings)
    }
    strings = kept
  }
}
