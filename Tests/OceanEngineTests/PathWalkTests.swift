import Foundation
import OceanBase
@testable import OceanEngine
import Testing

/// Finding out which file system a path leads to.
@Suite struct PathWalkTests {
  private let root = FileManager.default.temporaryDirectory.appending(path: "walk-\(UUID().uuidString)")
    .resolvingSymlinksInPath().path

  /// - Parameter mounts: paths below `root`; their devices are 0:1, 0:2 and so on, the rest is on 0:0.
  private func table(_ mounts: [String]) -> MountTable {
    let lines = mounts.enumerated().map { "30 1 0:\($0 + 1) / \(root)/\($1) rw - nfs4 server:/export rw" }
    return MountTable(
      (["29 1 0:0 / / rw,relatime shared:1 - ext4 /dev/sda rw"] + lines).joined(separator: "\n"))
  }

  /// The devices that are touched, in order, and whether the end is certain.
  private func walk(_ path: String, _ table: MountTable) -> String {
    var walk = PathWalk(path, table)
    var devices = [walk.mount.device]
    while true {
      switch walk.advance() {
      case .crossed: devices.append(walk.mount.device)
      case .arrived(let isCertain): return devices.joined(separator: " ") + (isCertain ? "" : "?")
      }
    }
  }

  private func make(directories: [String] = [], links: KeyValuePairs<String, String> = [:]) throws {
    for path in directories {
      try FileManager.default.createDirectory(atPath: "\(root)/\(path)", withIntermediateDirectories: true)
    }
    for (path, target) in links {
      try FileManager.default.createSymbolicLink(
        atPath: "\(root)/\(path)", withDestinationPath: target.replacing("ROOT", with: root))
    }
  }

  @Test func `mounts on the way, and links to them`() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    try make(
      directories: ["mail/anna", "nfs/berta/inner", "other"],
      links: [
        "mail/berta": "ROOT/nfs/berta", "mail/carl": "../nfs/carl", "nfs/back": "ROOT/mail/anna",
        "loop": "loop",
        "mail/dora": "./berta/../../other/x",
      ])
    let table = table(["nfs", "other", "nfs/berta/inner"])
    #expect(walk("\(root)/mail/anna", table) == "0:0")
    #expect(walk("\(root)//mail/./anna/", table) == "0:0")
    #expect(walk("\(root)/nfs/berta", table) == "0:0 0:1")
    #expect(walk("\(root)/mail/berta", table) == "0:0 0:1")
    #expect(walk("\(root)/mail/berta/inner", table) == "0:0 0:1 0:3")
    #expect(walk("\(root)/nfs/berta/inner/../..", table) == "0:0 0:1 0:3 0:1")
    #expect(walk("\(root)/nfs/back", table) == "0:0 0:1 0:0")
    // A missing path shows where it would be.
    #expect(walk("\(root)/mail/carl", table) == "0:0 0:1?")
    #expect(walk("\(root)/mail/nobody/Maildir", table) == "0:0?")
    #expect(walk("\(root)/loop/x", table) == "0:0?")
    #expect(walk("\(root)/mail/dora", table) == "0:0 0:1 0:0 0:2?")
  }

  @Test func `mount points as the kernel writes them`() {
    let table = MountTable(
      #"""
      29 1 8:1 / / rw - ext4 /dev/sda1 rw
      30 29 0:40 / /mnt/with\040blank\134 rw shared:2 master:3 - fuse.bindfs bindfs rw
      31 29 0:41 / /mnt/x rw - tmpfs tmpfs rw
      32 29 0:42 / /mnt/x rw - nfs server:/x rw
      33 29 broken
      """#)
    #expect(table.mount(holding: #"/mnt/with blank\/a/b"#).type == "fuse.bindfs")
    #expect(table.mount(holding: "/mnt/xy").device == "8:1")
    // The last mount is on top.
    #expect(table.mount(holding: "/mnt/x").device == "0:42")
    #expect(MountTable("").mount(holding: "/a").type == "unknown")
    #expect(table.mount(holding: "/mnt/x").source == "server:/x")
    #expect(table.mount(holding: "/mnt/x").options == ["rw", "rw"])
  }

  @Test func `this host's mounts can be read`() {
    let systems = FileSystems()
    #expect(!systems.haveChanged())
    systems.learn("0:1", of: "/mail/anna")
    #expect(systems.device(of: "/mail/anna") == "0:1")
    systems.forget("/mail/anna")
    #expect(systems.device(of: "/mail/anna") == nil)
    systems.learn("0:1", of: "/mail/anna")
    systems.reread()
    #expect(systems.device(of: "/mail/anna") == nil)
    #expect(systems.table.mount(holding: "/proc/self").type == "proc")
  }
}
