import Foundation
import OceanBase
import TestSupport
import Testing

@Suite struct FileStampsTests {
  private let directory: TemporaryDirectory
  private let (read, missing): (String, String)
  /// A time at which everything that was written until now has a stamp of its own.
  private let later = SystemClock.wall.now + 3_000_000_000

  init() throws {
    directory = try TemporaryDirectory()
    (read, missing) = ("\(directory.path)/read", "\(directory.path)/missing")
    try Data("a".utf8).write(to: URL(filePath: read))
  }

  private func stamps() throws -> FileStamps {
    try #require(FileStamps(of: [read], readAfter: later))
  }

  @Test func `files that nobody touched are current`() throws {
    #expect(try stamps().areCurrent)
  }

  @Test func `a file that was written is not, whatever time it is given`() throws {
    let stamps = try stamps()
    let times = try FileManager.default.attributesOfItem(atPath: read)[.modificationDate]
    try Data("b".utf8).write(to: URL(filePath: read), options: .atomic)
    try FileManager.default.setAttributes([.modificationDate: try #require(times)], ofItemAtPath: read)
    #expect(!stamps.areCurrent)
  }

  @Test func `a file that went is not`() throws {
    let stamps = try stamps()
    try FileManager.default.removeItem(atPath: read)
    #expect(!stamps.areCurrent)
  }

  @Test func `a file that is not there has no stamp`() {
    #expect(FileStamps(of: [read, missing], readAfter: later) == nil)
  }

  /// A second write in the tick of the first would not be seen.
  @Test func `a file that was written just before it was read has no stamp`() {
    #expect(FileStamps(of: [read], readAfter: SystemClock.wall.now) == nil)
  }
}
