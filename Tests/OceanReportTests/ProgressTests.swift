import OceanReport
import Synchronization
import Testing

@Suite struct ProgressTests {
  private final class Terminal: Sendable {
    let now = Mutex(ContinuousClock.now)
    let text = Mutex("")

    let width = Mutex(80)

    func progress(_ what: String, width: Int = 80) -> Progress {
      self.width.withLock { $0 = width }
      return Progress(
        what, width: { self.width.withLock { $0 } }, now: { self.now.withLock { $0 } },
        write: { text in self.text.withLock { $0 += text } })
    }

    /// What was written since the last call.
    var written: String {
      text.withLock { text in
        defer { text = "" }
        return text
      }
    }
  }

  @Test func `the line tells what is done, and is cleared at the end`() {
    let terminal = Terminal()
    let progress = terminal.progress("reading logs")
    progress.update(octets: 512, of: 1024)
    #expect(terminal.written == "", "a terminal may be far away: only ticks write")
    progress.tick()
    #expect(terminal.written == "\rreading logs: 512 B of 1.0 KiB, 50 %\u{1b}[K")
    progress.update(octets: 2048, of: nil)
    progress.tick()
    #expect(terminal.written == "\rreading logs: 2.0 KiB\u{1b}[K")
    progress.finish()
    progress.finish()
    progress.tick()
    #expect(terminal.written == "\r\u{1b}[K")
  }

  @Test func `work that ends soon shows nothing`() {
    let terminal = Terminal()
    terminal.progress("reading logs").finish()
    #expect(terminal.written == "")
  }

  @Test func `work that does not tell how far it is shows the time, in a line that does not wrap`() {
    let terminal = Terminal()
    let progress = terminal.progress("checking /srv/somewhere/far/away/ocean.yaml", width: 30)
    terminal.now.withLock { $0 += .milliseconds(12_300) }
    progress.tick()
    #expect(
      terminal.written == "\rchecking /…/ocean.yaml: 12 s\u{1b}[K")
    // Whoever makes the terminal narrower still sees one line.
    terminal.width.withLock { $0 = 20 }
    progress.tick()
    #expect(terminal.written.split(separator: "\u{1b}")[0].count <= 20)
  }
}
