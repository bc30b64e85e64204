import Foundation
import Testing

/// A kill at any moment loses no mail.
struct CrashTests {
  @Test func `kill in the middle of UPDATE`() throws {
    let workspace = try Workspace()
    var random = SplitMix64(seed: 0x0cea_0002)
    var number = 0
    var interrupted = 0
    for round in 0..<25 {
      while try workspace.messages().count < 300 {
        number += 1
        try workspace.deliver("Subject: \(number)\n\n\(String(repeating: "text ", count: number % 50))\n", as: "\(number).M1P1.host")
      }
      let before = try workspace.messages()
      let contents = Set(before.values)
      #expect(contents.count == before.count)

      let server = try Server(workspace)
      let client = try server.loggedIn()
      let order = (1...before.count).shuffled(using: &random)
      let (deleted, retrieved) = (order[..<100], order[100..<120])
      var removable: Set<[UInt8]> = []
      for number in deleted {
        let sent = try client.retrieve(number)
        removable.insert(sent.filter { $0 != 13 })
        try client.ok("DELE \(number)")
      }
      for number in retrieved { _ = try client.retrieve(number) }
      try client.send("QUIT\r\n")
      // The time of one UPDATE, and some more; in the last round it is left in peace.
      if round < 24 {
        usleep(UInt32(random.next() % 6000))
        server.process.signal(SIGKILL)
        try server.process.wait()
      } else {
        #expect(try client.line() == "+OK bye")
        try server.stop()
      }

      let after = Set(try workspace.messages().values)
      #expect(after.isSubset(of: contents), "a message has changed")
      let lost = contents.subtracting(after)
      #expect(lost.isSubset(of: removable), "a message is gone that nobody deleted")
      if !lost.isEmpty, lost.count < 100 { interrupted += 1 }
      if round == 24 { #expect(lost == removable) }
    }
    print("UPDATE was interrupted half-way in \(interrupted) of 24 rounds")
  }
}
