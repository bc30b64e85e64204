import Glibc
import Testing

@testable import OceanStore

@Suite struct CancellationTests {
  let fixture = Fixture()

  func cancelled() -> Cancellation {
    let cancellation = Cancellation()
    cancellation.cancel()
    return cancellation
  }

  /// Each login that is given up has counted one message more, and so they come to an end.
  @Test(arguments: [false, true]) func `what was counted is kept`(isIndexed: Bool) throws {
    for number in 1...3 { fixture.write("new/\(number).a", "\(number)\n") }
    var store = try isIndexed ? fixture.indexed() : fixture.store(ahead: 10)
    for _ in 0..<2 {
      #expect(throws: StoreError.cancelled) { try store.open(fixture.maildir, cancellation: cancelled()) }
      // A restart in between.
      if isIndexed { store = try fixture.indexed() }
    }
    let mailbox = try store.open(fixture.maildir, cancellation: cancelled())
    #expect(mailbox.sizes == [3, 3, 3])
    #expect(mailbox.uidls == ["1.a", "2.a", "3.a"])
    mailbox.close()
    // Nothing is left to be counted.
    #expect(try store.open(fixture.maildir, cancellation: cancelled()).sizes == [3, 3, 3])
  }

  @Test func `a message`() throws {
    let lines = String(repeating: "one\n", count: 50_000)
    fixture.write("new/1.a,W=200009", lines)
    let mailbox = try fixture.indexed().open(fixture.maildir)
    #expect(throws: StoreError.cancelled) { try mailbox.openMessage(0, cancellation: cancelled()) }
    #expect(try mailbox.openMessage(0).octets == 250_000)
    #expect(try mailbox.openMessage(0, cancellation: cancelled()).octets == 250_000)
  }
}
