// The text editor: CodeMirror 6 with YAML, our own problems in its gutter, in a shadow root so that its styles are
// adopted sheets, which `style-src 'self'` allows. The page loads this file late and works without it.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, EditorState, RangeSetBuilder } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Colours come from the page's variables, which inherit into a shadow root: one theme serves light and dark.
const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--ink-faint)", border: "none", borderRight: "1px solid var(--line)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 6px 0 10px", minWidth: "34px" },
  ".cm-activeLine": { backgroundColor: "var(--active-line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--active-line)", color: "var(--ink-soft)" },
  ".cm-closed": { backgroundColor: "var(--panel)", color: "var(--ink-soft)", boxShadow: "inset 3px 0 0 var(--line-strong)" },
  ".cm-announced": { position: "fixed", top: "-10000px" },
  ".cm-foldGutter .cm-gutterElement": { color: "var(--ink-faint)", cursor: "pointer" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--panel)", border: "1px solid var(--line)", color: "var(--ink-soft)" },
  ".cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "1px solid var(--line-strong)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "6px", maxWidth: "60ch" },
  ".cm-diagnostic": { fontFamily: "var(--sans)", padding: "6px 10px", borderLeftWidth: "4px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--waiting)" },
  ".cm-panel": { backgroundColor: "var(--panel)", color: "var(--ink)" },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--syntax-key)" },
    { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--syntax-string)" },
    { tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: "var(--syntax-number)" },
    { tag: [tags.comment, tags.lineComment], color: "var(--syntax-comment)", fontStyle: "italic" },
    { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace, tags.meta], color: "var(--ink-faint)" },
    { tag: [tags.labelName, tags.typeName], color: "var(--syntax-key)", fontStyle: "italic" },
  ]),
);

// The page's own key for Apply and run; CodeMirror would insert an empty line.
const keys = [...defaultKeymap.filter((binding) => binding.key !== "Mod-Enter"), ...historyKeymap, ...foldKeymap, ...lintKeymap];

// Marks a change that came from the page, which need not be told of it.
const fromPage = Annotation.define();

const offsetOf = (doc, line, column) => {
  const place = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(place.from + Math.max(column - 1, 0), place.to);
};

const diagnosticOf = (doc) => (problem) => {
  const from = offsetOf(doc, problem.line, problem.column);
  const to = offsetOf(doc, problem.end_line, problem.end_column);
  const hint = problem.hint ? `\nHint: ${problem.hint}` : "";
  return { from, to: Math.max(from, to), severity: problem.warning ? "warning" : "error", message: problem.message + hint };
};

const CLOSED_LINE = "This line is read-only in this scenario.";
const CLOSED_FILE = "Only a part of this file can be edited: the lines above and below it are read-only.";

// What must stay as it is: `head` units at the beginning and `tail` at the end, whole lines both.
const closedParts = ({ head, tail }) => {
  if (!head && !tail) return [];
  const line = Decoration.line({ class: "cm-closed", attributes: { title: CLOSED_LINE } });
  const drawn = (view) => {
    const builder = new RangeSetBuilder();
    const { doc } = view.state;
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to; ) {
        const row = doc.lineAt(at);
        // After a closed end that is a whole line there is an empty last one, which is none of it.
        const isClosed = row.from < head || (tail > 0 && row.from >= doc.length - tail);
        if (isClosed) builder.add(row.from, row.from, line);
        at = row.to + 1;
      }
    }
    return builder.finish();
  };
  const marks = ViewPlugin.fromClass(
    class {
      constructor(view) { this.decorations = drawn(view); }
      update(update) {
        if (update.docChanged || update.viewportChanged) this.decorations = drawn(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
  const guard = EditorState.transactionFilter.of((step) => {
    if (!step.docChanged || step.annotation(fromPage)) return step;
    const { doc } = step.startState;
    const end = doc.length - tail;
    let touches = false;
    let opened = null;
    step.changes.iterChanges((from, to, _from, _to, inserted) => {
      if (from >= head && to <= end) return;
      touches = true;
      // Enter at the end of the last closed line above begins a line below it.
      if (from === to && from === head - 1 && inserted.lines > 1) opened = inserted.sliceString(1);
    });
    if (opened !== null) {
      return { changes: { from: head, insert: `${opened}\n` }, selection: { anchor: head + opened.length }, scrollIntoView: true, userEvent: "input" };
    }
    if (touches) return { effects: EditorView.announce.of(CLOSED_LINE) };
    // What may be changed are whole lines: the closed ones below stay lines of their own.
    const rest = step.newDoc.length - tail;
    const needsLine = tail > 0 && rest > head && step.newDoc.sliceString(rest - 1, rest) !== "\n";
    return needsLine ? [step, { changes: { from: rest, insert: "\n" }, sequential: true }] : step;
  });
  return [marks, guard];
};

// Puts an editor into an element. `onChange(name, text)` hears what was typed into which file.
const mount = (host, onChange) => {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  // A full-height box without a style sheet of its own: the editor's theme fills it.
  const kept = new Map();
  let name = null;
  let shown = "";

  const stateOf = (file, text, readOnly, closed) =>
    EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        highlightActiveLine(), highlightActiveLineGutter(), indentUnit.of("  "), EditorState.tabSize.of(2),
        yaml(), theme, colours, keymap.of(keys),
        EditorState.readOnly.of(readOnly), closedParts(closed),
        EditorView.contentAttributes.of({
          "aria-label": readOnly ? `${file}, read-only` : file,
          ...((closed.head || closed.tail) && { "aria-description": CLOSED_FILE }),
          "aria-readonly": String(readOnly),
          tabindex: "0", spellcheck: "false", autocapitalize: "off", autocorrect: "off",
        }),
        EditorView.updateListener.of((update) => {
          const isTyped = update.docChanged && !update.transactions.some((step) => step.annotation(fromPage));
          if (isTyped) onChange(file, update.state.doc.toString());
        }),
      ],
    });

  const view = new EditorView({ root, parent: root, state: EditorState.create({}) });

  const setText = (text) => {
    const { doc } = view.state;
    if (doc.toString() === text) return;
    view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, annotations: fromPage.of(true) });
  };

  return {
    // Shows a file. Undo and cursor of the one before are kept for when it is shown again.
    open(file, text, readOnly, head, tail) {
      if (name !== null) kept.set(name, { state: view.state, closed: shown });
      const before = kept.get(file);
      const closed = `${head} ${tail}`;
      const isSame = before?.state.readOnly === readOnly && before.closed === closed;
      name = file;
      shown = closed;
      view.setState(isSame ? before.state : stateOf(file, text, readOnly, { head, tail }));
      setText(text);
    },
    setText,
    setProblems(problems) {
      view.dispatch(setDiagnostics(view.state, problems.map(diagnosticOf(view.state.doc))));
    },
    // Goes to a line, from 1.
    reveal(line) {
      const place = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: place.from, head: place.to }, effects: EditorView.scrollIntoView(place.from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
};

globalThis.pullpathEditor = { mount };
dispatchEvent(new Event("pullpath-editor"));
