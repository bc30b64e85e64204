import OceanAddresses
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct AddressTableTests {
  private struct Number: AddressTableValue {
    var value: UInt64 = 0
  }

  /// Random operations next to a dictionary, with room for all.
  @Test(arguments: 0..<10) func `agrees with a dictionary`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let table = AddressTable<Number>(capacity: 1 << 14)
    var model: [AddressKey: UInt64] = [:]
    for step in 0..<5000 {
      let key = key(Int.random(in: 0..<(seed < 5 ? 40 : 2000), using: &random))
      switch Int.random(in: 0..<100, using: &random) {
      case 0:
        table.removeAll { $0.value % 3 == 0 }
        model = model.filter { $0.value % 3 != 0 }
      case 1..<30: #expect(table.remove(key)?.value == model.removeValue(forKey: key))
      default:
        let old = table.update(key, rank: \.value) { entry in
          defer { entry.value = UInt64(step) }
          return entry.value
        }
        #expect(old == model[key] ?? 0)
        model[key] = UInt64(step)
      }
      #expect(table.count == model.count)
      #expect(table.value(of: key)?.value == model[key])
    }
    #expect(Dictionary(uniqueKeysWithValues: table.all().map { ($0.key, $0.value.value) }) == model)
    table.removeAll { _ in true }
    #expect(table.count == 0 && table.all().isEmpty)
  }

  /// A full table stays as large as it is, and the lowest of each group goes.
  @Test func `stays bounded`() {
    let table = AddressTable<Number>(capacity: 1024)
    for number in 1...20_000 {
      table.update(key(number), rank: \.value) { $0.value = UInt64(number) }
      #expect(table.value(of: key(number))?.value == UInt64(number))
    }
    #expect(table.count == 1024)
    // If all had competed with all, the last 1024 would be left.
    #expect(table.all().count { $0.value.value > 16_000 } > 1000)
  }

  private func key(_ number: Int) -> AddressKey {
    AddressKey(IPAddress(v4: UInt32(number)), v6PrefixLength: 64)
  }
}
