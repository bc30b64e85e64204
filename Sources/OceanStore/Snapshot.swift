import Glibc

/// A mailbox as one session sees it: messages in order, with their sizes. Immutable, so that sessions and the cache share
/// it; about a hundred bytes a message.
final class Snapshot: Sendable {
  private struct Size {
    /// On the wire.
    var octets: UInt64
    /// In the file.
    var bytes: UInt64
    /// mtime of the file that was counted; `uncounted` if `octets` is a guess.
    var modified: Int64

    static let uncounted = Int64.min
  }

  let listing: Listing
  private let sizes: [Size]
  /// Messages whose base name another message has, and the id made of it.
  private let copies: Set<Int>
  let totalOctets: UInt64
  /// Some messages were gone when it came to counting them: probably renamed.
  let missedMessages: Bool

  /// - Parameter previous: sizes of the messages that it knows are taken over. Messages never change (their files are
  ///   written in tmp/); should one have changed all the same, opening it finds out.
  init(_ listing: Listing, in maildir: borrowing OpenMaildir, previous: Snapshot?) throws(StoreError) {
    let counter = try WireCounter()
    var sizes: [Size] = []
    sizes.reserveCapacity(listing.entries.count)
    var missedMessages = false
    var known = 0
    for position in listing.entries.indices {
      // Both are in the same order: one pass finds what is in both.
      if let previous {
        var order = -1
        while known < previous.count {
          order = previous.listing.compare(known, with: listing, position)
          if order >= 0 { break }
          known += 1
        }
        if order == 0, previous.sizes[known].modified != Size.uncounted {
          sizes.append(previous.sizes[known])
          continue
        }
      }
      if let size = try Self.count(position, of: listing, in: maildir, counter) {
        sizes.append(size)
      } else {
        missedMessages = true
        sizes.append(Size(octets: 0, bytes: 0, modified: Size.uncounted))
      }
    }
    self.listing = listing
    self.sizes = sizes
    self.missedMessages = missedMessages
    copies = Self.copies(in: listing, sizes)
    totalOctets = sizes.reduce(0) { $0 &+ $1.octets }
  }

  /// Nil if the file is gone. One that can not be read is listed with its length on disk, so that a single bad file does
  /// not lock its owner out; opening it reports the error.
  private static func count(
    _ position: Int, of listing: Listing, in maildir: borrowing OpenMaildir, _ counter: borrowing WireCounter
  ) throws(StoreError) -> Size? {
    do {
      guard let file = try MessageFile(maildir, listing, position) else { return nil }
      return Size(octets: try counter.count(file), bytes: file.size, modified: file.modified)
    } catch .exhausted(let failure) {
      throw .exhausted(failure)
    } catch {
      var status = stat()
      let directory = maildir[listing.entries[position].folder]
      let result = listing.withCName(of: position) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
      guard result == 0 else { return nil }
      let bytes = UInt64(max(status.st_size, 0))
      return Size(octets: bytes, bytes: bytes, modified: Size.uncounted)
    }
  }

  /// Of several files with one base name the one with the earliest mtime keeps the id made of the name alone: the
  /// original, as far as a copy made by hand can be told.
  private static func copies(in listing: Listing, _ sizes: [Size]) -> Set<Int> {
    var copies: Set<Int> = []
    var original = 0
    for position in listing.entries.indices.dropFirst() {
      guard listing.hasSameBase(original, position) else {
        original = position
        continue
      }
      // Equal times: the lower inode, which comes first.
      if sizes[position].modified < sizes[original].modified {
        copies.insert(original)
        original = position
      } else {
        copies.insert(position)
      }
    }
    return copies
  }

  var count: Int { sizes.count }

  var byteCount: Int { listing.byteCount + sizes.count * MemoryLayout<Size>.stride }

  func octets(of index: Int) -> UInt64 { sizes[index].octets }

  /// Whether the file is the one whose octets were counted.
  func wasCounted(_ index: Int, as file: MessageFile) -> Bool {
    sizes[index].bytes == file.size && sizes[index].modified == file.modified
  }

  func withUIDL<R>(of index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let inode = copies.contains(index) ? listing.entries[index].inode : nil
    return listing.withName(of: index) { UniqueID.with(base: $0.base, copy: inode, body) }
  }
}
