import Testing

@testable import OceanReplay

@Suite struct NameTableTests {
  @Test func `texts keep their numbers, however many there are`() {
    var table = NameTable()
    for round in 0..<2 {
      for number in 0..<1000 {
        let text = "name \(number)"
        #expect(Array(text.utf8).withUnsafeBytes { table.number(of: $0) } == number, "round \(round)")
        #expect(table.text(number) == text)
      }
    }
    #expect(table.count == 1000)
    #expect([UInt8]().withUnsafeBytes { table.number(of: $0) } == 1000)
    #expect(table.text(1000) == "")
  }
}
