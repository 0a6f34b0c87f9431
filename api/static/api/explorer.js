// The explorer at /docs: reads /openapi.json, shows each operation, and sends it. No library, nothing from outside.
"use strict";

const TOKEN = document.getElementById("token");
const FIND = document.getElementById("find");
const MAIN = document.getElementById("operations");
let contract;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// `code` spans of Markdown and paragraphs, everything else as it is: descriptions are never taken for HTML.
function prose(text, className = "about") {
  const paragraph = make("p", { class: className });
  text.replace(/(\S)\n(?=\S)/g, "$1 ").split("`").forEach((part, at) => paragraph.append(at % 2 ? make("code", {}, part) : part));
  return paragraph;
}

function resolve(told) {
  if (!told || !told.$ref) return told || {};
  const [, , kind, name] = told.$ref.split("/");
  return contract.components[kind][name];
}

function example(schema, depth = 0) {
  schema = resolve(schema);
  if (schema.examples) return schema.examples[0];
  const type = [].concat(schema.type || [])[0];
  if (schema.properties) {
    const names = schema.required || Object.keys(schema.properties).slice(0, 3);
    return depth > 3 ? {} : Object.fromEntries(names.map((name) => [name, example(schema.properties[name], depth + 1)]));
  }
  if (schema.enum) return schema.enum[0];
  if (type === "array") return [];
  if (type === "object") return {};
  if (type === "integer" || type === "number") return schema.minimum > 0 ? schema.minimum : 0;
  if (type === "boolean") return false;
  if (schema.format === "date-time") return "2018-01-16T09:09:09.000Z";
  if (schema.format === "date") return "1955-10-28";
  return "";
}

function shape(schema, depth = 0) {
  schema = resolve(schema);
  const type = [].concat(schema.type || "anything").join(" or ");
  if (schema.properties && depth < 4) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, shape(part, depth + 1)]));
  }
  if (schema.items) return [shape(schema.items, depth + 1)];
  const limits = [schema.format, schema.enum && schema.enum.join(" | "), schema.maxLength && `at most ${schema.maxLength}`];
  return [type, ...limits.filter(Boolean)].join(", ");
}

function field(parameter) {
  const schema = resolve(parameter.schema);
  const choices = schema.enum;
  const hint = parameter.style === "deepObject" ? `${schema.propertyNames.enum[0]}=1` : [].concat(schema.type || "")[0];
  const input = choices
    ? make("select", {}, make("option", { value: "" }, ""), ...choices.map((choice) => make("option", {}, String(choice))))
    : make("input", { type: "text", placeholder: hint });
  input.name = parameter.name;
  input.dataset.in = parameter.style || parameter.in;
  if (parameter.required) input.required = true;
  const about = parameter.description ? prose(parameter.description) : null;
  return make("label", {}, make("span", {}, make("code", {}, parameter.name)), input, about);
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function requestOf(method, path, form) {
  const query = [];
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "deepObject") {
      for (const [, key, value] of input.value.matchAll(/(\w+)=(-?\w+)/g)) {
        query.push(`${encodeURIComponent(`${input.name}[${key}]`)}=${value}`);
      }
    } else if (input.value !== "") {
      const values = input.name === "$select" || input.name === "$load" ? input.value.split(/[\s,]+/) : [input.value];
      for (const value of values) query.push(`${encodeURIComponent(input.name)}=${encodeURIComponent(value)}`);
    }
  }
  const body = form.elements.body ? form.elements.body.value : undefined;
  const headers = { Authorization: `Bearer ${TOKEN.value.trim()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { url: path + (query.length ? `?${query.join("&")}` : ""), method, headers, body };
}

function curl({ url, method, headers, body }) {
  const parts = ["curl", "-X", method, quoted(location.origin + url)];
  for (const [name, value] of Object.entries(headers)) {
    parts.push("-H", name === "Authorization" ? '"Authorization: Bearer $TOKEN"' : quoted(`${name}: ${value}`));
  }
  if (body !== undefined) parts.push("-d", quoted(body));
  return parts.join(" ");
}

async function send(method, path, form, output) {
  const request = requestOf(method, path, form);
  const before = performance.now();
  output.replaceChildren(make("pre", {}, curl(request)));
  try {
    const answer = await fetch(request.url, request);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
    const took = Math.round(performance.now() - before);
    output.append(make("p", { role: "status" }, `${answer.status} ${answer.statusText} in ${took} ms`), make("pre", {}, shown));
  } catch (error) {
    output.append(make("p", { role: "alert" }, `No answer: ${error.message}`));
  }
}

function fill(details, method, path, operation) {
  const form = make("form", {});
  const output = make("div", { "aria-live": "polite" });
  if (operation.description) form.append(prose(operation.description));
  const parameters = operation.parameters || [];
  const first = parameters.filter((parameter) => parameter.in === "path");
  const others = parameters.filter((parameter) => parameter.in !== "path");
  form.append(...first.map(field));
  if (others.length) form.append(make("details", {}, make("summary", {}, "Filters, order, page"), ...others.map(field)));
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  if (body) {
    const text = make("textarea", { name: "body", spellcheck: "false", "aria-label": "Body" });
    text.value = method === "PATCH" ? "{}" : JSON.stringify(example(body.schema), null, 2);
    form.append(make("h3", {}, "Body"), text, folded("Fields", shape(body.schema)));
  }
  for (const [code, told] of Object.entries(operation.responses)) {
    const response = resolve(told);
    const content = response.content && response.content["application/json"];
    const title = `Answer ${code}${response.description ? `: ${response.description}` : ""}`;
    if (content) form.append(folded(title, shape(content.schema)));
  }
  form.append(make("button", { type: "submit" }, `Send ${method} ${path}`), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, path, form, output);
  });
  details.append(form);
}

function folded(title, value) {
  const details = make("details", {}, make("summary", {}, title));
  details.addEventListener("toggle", () => {
    if (details.children.length === 1) details.append(make("pre", {}, JSON.stringify(value, null, 2)));
  });
  return details;
}

function operationOf(method, path, operation) {
  const summary = make("summary", {}, make("span", { class: "method" }, method), make("code", {}, path));
  if (operation.summary) summary.append(make("span", { class: "summary" }, operation.summary));
  const details = make("details", { class: "operation", id: operation.operationId }, summary);
  details.dataset.words = `${method} ${path} ${operation.summary || ""}`.toLowerCase();
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) fill(details, method, path, operation);
  });
  return details;
}

function show() {
  MAIN.replaceChildren(prose(contract.info.description));
  for (const tag of contract.tags) {
    const section = make("section", {}, make("h2", {}, tag.name), prose(tag.description || ""));
    for (const [path, methods] of Object.entries(contract.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if ((operation.tags || []).includes(tag.name)) section.append(operationOf(method.toUpperCase(), path, operation));
      }
    }
    if (section.children.length > 2) MAIN.append(section);
  }
  MAIN.removeAttribute("aria-busy");
  const linked = document.getElementById(location.hash.slice(1));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
}

FIND.addEventListener("input", () => {
  const words = FIND.value.toLowerCase().split(/\s+/);
  for (const details of MAIN.querySelectorAll("details.operation")) {
    details.hidden = !words.every((word) => details.dataset.words.includes(word));
  }
});
TOKEN.value = sessionStorage.getItem("token") || "";
TOKEN.addEventListener("input", () => sessionStorage.setItem("token", TOKEN.value));

fetch("/openapi.json").then((answer) => answer.json()).then((read) => { contract = read; show(); }).catch((error) => {
  MAIN.replaceChildren(make("p", { role: "alert" }, `The contract could not be loaded: ${error.message}`));
});
