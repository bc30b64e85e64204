import OceanBase
import Glibc
import OceanUIDL
import Testing

@testable import OceanStore

/// Maildirs that are made so that reading them takes long: four times as many messages may take about four
/// times as long, not sixteen times.
@Suite(.serialized) struct ScaleTests {
  /// Milliseconds of this thread's processor time, the least of some runs.
  func time(_ count: Int, _ make: (Fixture, Int) throws -> () throws -> Void) throws -> Double {
    var least = Double.infinity
    for _ in 0..<2 {
      let run = try make(Fixture(), count)
      let start = Self.now()
      try run()
      least = min(least, Self.now() - start)
    }
    return least
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.nanoseconds) / 1e6
  }

  func isInProportion(_ count: Int, _ make: (Fixture, Int) throws -> () throws -> Void) throws -> Bool {
    let (few, many) = (try time(count, make), try time(4 * count, make))
    return many < 9 * few
  }

  func name(_ number: Int) -> String { "cur/1600000000.B.h,W=2:2,\(number)" }

  /// One file under so many names, which are read again.
  @Test func `hard links`() throws {
    let isLinear =
      try isInProportion(500) { fixture, count in
        fixture.write("cur/1600000000.M0.h", "\n")
        for number in 1..<count {
          Glibc.link(
            fixture.maildir + "/cur/1600000000.M0.h", fixture.maildir + "/cur/\(1_600_000_000 + number).h")
        }
        let store = try fixture.store()
        try store.open(fixture.maildir).close()
        return {
          let mailbox = try store.open(fixture.maildir)
          #expect(mailbox.count == count)
        }
      }
    #expect(isLinear)
  }

  /// Files with the same base name, and other files under the same names.
  @Test func `one base name`() throws {
    let isLinear =
      try isInProportion(150) { fixture, count in
        for number in 0..<count { fixture.write(name(number), "\n") }
        let store = try fixture.indexed()
        try store.open(fixture.maildir).close()
        fixture.rename("cur", "old")
        mkdir(fixture.maildir + "/cur", 0o700)
        for number in 0..<count { fixture.write(name(number), "\n") }
        return {
          let mailbox = try store.open(fixture.maildir)
          #expect(mailbox.count == count)
        }
      }
    #expect(isLinear)
  }

  /// The kernel reports some of them, and all are gone through once for that.
  @Test func `changes of one base name`() throws {
    func make(_ fixture: Fixture, _ changes: Int) throws -> () throws -> Void {
      for number in 0..<1000 { fixture.write(name(number), "\n") }
      let store = try fixture.indexed(watchedFrom: 0)
      try store.open(fixture.maildir).close()
      for number in 0..<changes { fixture.rename(name(number), name(number) + "F") }
      return {
        let mailbox = try store.open(fixture.maildir)
        #expect(mailbox.count == 1000)
      }
    }
    let (few, many) = (try time(8, make), try time(300, make))
    #expect(many < 16 * few)
  }

  /// Another server's list has a line for each of them; the one with the id is the last.
  @Test func `list of one base name`() throws {
    let isLinear =
      try isInProportion(150) { fixture, count in
        for number in 0..<count { fixture.write(name(number), "\n") }
        var old = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
        utimes(fixture.maildir + "/" + name(count - 1), &old)
        let lines = (1...count).map { "\($0) :1600000000.B.h,W=2\n" }
        fixture.replace(
          fixture.maildir + "/dovecot-uidlist", with: Array(("3 V77 N9\n" + lines.joined()).utf8))
        let store = try fixture.indexed()
        return {
          let mailbox = try store.open(fixture.maildir, uidls: .dovecot(.cyrus))
          #expect(mailbox.count == count)
          #expect(mailbox.uidls.filter { !$0.hasPrefix("~") } == ["77.\(count)"])
        }
      }
    #expect(isLinear)
  }
}
