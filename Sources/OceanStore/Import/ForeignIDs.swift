/// The unique ids that another server's list gives to some messages. A list may mention the same message any
/// number of times: the last line holds, and ids of earlier lines take no memory for long.
struct ForeignIDs {
  private(set) var strings = PackedStrings()
  /// By message.
  private(set) var changes: [MessageTable.IDChange]
  private var templates: TemplateIndex
  /// How many bytes of strings there may be before replaced ones are removed.
  private var limit: Int

  /// - Parameter count: the number of messages.
  init(count: Int) {
    // The size that Dovecot's default ids take: growing would leave holes of that size in the heap.
    strings.reserveCapacity(10 * count)
    templates = TemplateIndex(of: strings)
    changes = Array(repeating: .keep, count: count)
    limit = 20 * count + 1 << 20
  }

  /// - Parameter id: nil if the id is the one that is made of the message's name.
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
