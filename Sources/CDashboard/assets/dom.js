// SPDX-License-Identifier: Apache-2.0
// Makes elements, and brings what is shown to what is wanted. Texts become text nodes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        element.setAttribute(name, value === true ? '' : String(value));
    }
    append(element, children);
    return element;
}

function append(element, children) {
    for (const child of children) {
        if (child === null || child === undefined || child === false) continue;
        if (Array.isArray(child)) append(element, child);
        else element.append(child instanceof Node ? child : String(child));
    }
}

/** An element; false, null and undefined children and attributes are left out. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of a drawing. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const versions = new WeakMap();
const fillers = new WeakMap();

/** An element that is filled only when it is new or its version is another one than what is shown has. */
export function lazy(element, version, children) {
    versions.set(element, version);
    fillers.set(element, children);
    return element;
}

function complete(node) {
    const children = fillers.get(node);
    if (!children) return;
    fillers.delete(node);
    append(node, children());
}

/** Fills whatever in an element that is about to be shown is not filled yet. */
function completeAll(node) {
    complete(node);
    for (const child of node.children ?? []) completeAll(child);
}

const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute('data-key') : null);
const isAlike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

/**
 * Makes the children of `shown` like those of `wanted`, keeping elements, so that focus, selection and scrolling stay.
 * An element with `data-own` looks after its own contents: only a change of its key replaces it.
 */
export function morph(shown, wanted) {
    const keyed = new Map();
    for (const child of shown.children) {
        const key = keyOf(child);
        if (key !== null) keyed.set(`${child.nodeName} ${key}`, child);
    }
    let place = shown.firstChild;
    for (const next of [...wanted.childNodes]) {
        const key = keyOf(next);
        const match = key === null ? place : keyed.get(`${next.nodeName} ${key}`);
        if (match && isAlike(match, next)) {
            if (match === place) place = place.nextSibling;
            else shown.insertBefore(match, place);
            update(match, next);
        } else {
            completeAll(next);
            shown.insertBefore(next, place);
        }
    }
    while (place) {
        const gone = place;
        place = place.nextSibling;
        gone.remove();
    }
}

function update(shown, wanted) {
    if (shown.nodeType !== 1) {
        if (shown.nodeValue !== wanted.nodeValue) shown.nodeValue = wanted.nodeValue;
        return;
    }
    if (shown.hasAttribute('data-own')) return;
    const version = versions.get(wanted);
    if (version !== undefined && version === versions.get(shown)) return;
    complete(wanted);
    versions.set(shown, version);
    for (const { name } of [...shown.attributes]) {
        // What is open was opened by whoever reads.
        if (!wanted.hasAttribute(name) && name !== 'open') shown.removeAttribute(name);
    }
    for (const { name, value } of [...wanted.attributes]) {
        if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
    }
    // What is being typed or chosen stays; what was typed before follows what is wanted.
    if (shown === document.activeElement && shown.matches('select, textarea, input:not([type=checkbox])')) return;
    morph(shown, wanted);
    if (shown.nodeName === 'INPUT' && shown.checked !== wanted.checked) shown.checked = wanted.checked;
    if (shown.matches('input, select') && shown.value !== wanted.value) shown.value = wanted.value;
}
