import Foundation
import Testing

/// A page in Debian's Chromium, without a window.
struct Browser {
  static let isThere = Command.find("chromium") != nil
  static let missing: Comment =
    "NO PAGE WAS OPENED IN A BROWSER: chromium is not installed; Tests/setup installs it where apt has it"

  /// A node of the tree that a screen reader gets, without those that only hold others.
  struct Node: Decodable {
    let role: String
    let name: String
    let depth: Int
    let isFocusable: Bool
    let level: Int?
  }

  private struct Answer: Decodable {
    let html: String
    let nodes: [Node]
  }

  /// What the page is once its script has run.
  let html: String
  /// The tree with everything unfolded that can be.
  let nodes: [Node]

  init(_ url: String, in workspace: Workspace) throws {
    let command = try workspace.run(
      "python3", ["-c", Self.script, url, workspace.path("browser")])
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    let answer = try JSONDecoder().decode(Answer.self, from: Data(command.output.utf8))
    (html, nodes) = (answer.html, answer.nodes)
  }

  func names(_ role: String) -> [String] { nodes.filter { $0.role == role }.map(\.name) }

  /// What somebody who hears the page misses, a sentence each.
  var faults: [String] {
    var faults: [String] = []
    func check(_ isRight: Bool, _ fault: String) { if !isRight { faults.append(fault) } }
    let landmarks = nodes.map(\.role).filter { ["banner", "main", "contentinfo"].contains($0) }
    check(landmarks == ["banner", "main", "contentinfo"], "landmarks are \(landmarks)")
    check(names("RootWebArea").allSatisfy { !$0.isEmpty }, "the page has no title")
    check(
      nodes.first { $0.isFocusable && $0.role != "RootWebArea" }?.role == "link", "no link skips the head")

    let headings = nodes.filter { $0.role == "heading" }
    check(
      headings.first?.level == 1 && headings.count { $0.level == 1 } == 1, "there is not one first heading")
    for (before, after) in zip(headings, headings.dropFirst()) {
      check(
        (after.level ?? 9) <= (before.level ?? 0) + 1, "'\(after.name)' is too deep below '\(before.name)'")
    }
    let named: Set = [
      "heading", "image", "meter", "table", "columnheader", "rowheader", "combobox", "navigation",
    ]
    for node in nodes where node.isFocusable || named.contains(node.role) {
      check(!node.name.isEmpty, "a \(node.role) has no name")
    }
    let regions = names("region")
    check(Set(regions).count == regions.count, "regions have the same name: \(regions.sorted())")
    for (place, table) in nodes.enumerated() where table.role == "table" {
      let inside = nodes[(place + 1)...].prefix { $0.depth > table.depth }
      check(inside.contains { $0.role == "columnheader" }, "'\(table.name)' has no headers")
      let rows = inside.count { $0.role == "row" }
      check(inside.count { $0.role == "rowheader" } == rows - 1, "a row of '\(table.name)' has no header")
    }
    return faults
  }

  /// Speaks the protocol of Chromium's debugger over a pipe.
  private static let script = """
    import fcntl, json, os, subprocess, sys
    url, profile = sys.argv[1:]
    pipes = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in os.pipe() + os.pipe()]
    ask_out, ask_in, tell_out, tell_in = pipes
    def join():
        os.dup2(ask_out, 3)
        os.dup2(tell_in, 4)
    browser = subprocess.Popen(
        ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe',
         '--user-data-dir=' + profile],
        preexec_fn=join, close_fds=False, env={**os.environ, 'XDG_CONFIG_HOME': profile}, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(ask_out)
    os.close(tell_in)
    told, rest, number = [], b'', 0
    def read():
        global rest
        while b'\\0' not in rest:
            part = os.read(tell_out, 1 << 20)
            if not part: sys.exit('chromium ended')
            rest += part
        message, _, rest = rest.partition(b'\\0')
        return json.loads(message)
    def call(method, session=None, **params):
        global number
        number += 1
        message = {'id': number, 'method': method, 'params': params}
        if session: message['sessionId'] = session
        os.write(ask_in, json.dumps(message).encode() + b'\\0')
        while True:
            answer = read()
            if answer.get('id') == number:
                if 'error' in answer: sys.exit(method + ': ' + answer['error']['message'])
                return answer['result']
            told.append(answer.get('method'))
    def wait(event):
        while event not in told: told.append(read().get('method'))
    target = call('Target.createTarget', url='about:blank')['targetId']
    session = call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
    call('Page.enable', session)
    call('Accessibility.enable', session)
    call('Page.navigate', session, url=url)
    wait('Page.loadEventFired')
    html = call('Runtime.evaluate', session, expression='document.documentElement.outerHTML')['result']['value']
    call('Runtime.evaluate', session, expression='for (const one of document.querySelectorAll("details")) one.open = true')
    nodes = call('Accessibility.getFullAXTree', session)['nodes']
    by_id = {node['nodeId']: node for node in nodes}
    shown = []
    def visit(node, depth):
        role = node.get('role', {}).get('value', '')
        if not node['ignored'] and role not in ('generic', 'StaticText', 'InlineTextBox'):
            properties = {one['name']: one['value'].get('value') for one in node.get('properties', [])}
            shown.append({
                'role': role, 'name': str(node.get('name', {}).get('value', '')).strip(), 'depth': depth,
                'isFocusable': bool(properties.get('focusable')), 'level': properties.get('level')})
        for child in node.get('childIds', []):
            if child in by_id: visit(by_id[child], depth + 1)
    visit(nodes[0], 0)
    call('Browser.close')
    browser.wait(20)
    print(json.dumps({'html': html, 'nodes': shown}))
    """
}
