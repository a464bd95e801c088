// The script inside the picture of the heap over time: as wide as the window, and what is under the
// pointer as text. Without it the picture is whole, and titles tell that.

var script = document.currentScript;
var root = (script && script.ownerSVGElement) || document.documentElement;
var plot = root.querySelector('.plot'), under = root.querySelector('.under');
var left = Number(plot.getAttribute('x'));

function fit() { plot.setAttribute('width', Math.max(100, root.clientWidth * 0.98 - left)); }

if (root === document.documentElement) {
    root.removeAttribute('viewBox');
    root.setAttribute('width', '100%');
    fit();
    window.addEventListener('resize', fit);
    window.addEventListener('load', fit);
}
plot.addEventListener('mousemove', function (event) {
    var title = event.target.querySelector && event.target.querySelector('title');
    if (title) under.textContent = title.textContent;
});
plot.addEventListener('mouseleave', function () { under.textContent = ''; });
