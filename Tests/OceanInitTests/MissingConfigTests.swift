import OceanInit
import Testing

struct MissingConfigTests {
  @Test func `who has no config is told three ways to one`() {
    func advice(_ existing: String?) -> String {
      MissingConfig.advice(
        "/etc/ocean/ocean.yaml", program: "/usr/local/bin/ocean", exists: { $0 == existing })
    }
    let installed = "/usr/local/share/doc/ocean/examples"
    #expect(
      advice(installed)
        == "'ocean init' makes a first one, 'ocean import dovecot /etc/dovecot/dovecot.conf --out /etc/ocean' one from "
        + "Dovecot's; examples are in \(installed)")
    #expect(advice(nil).hasSuffix("examples are in the directory 'examples' of ocean's sources"))
  }
}
